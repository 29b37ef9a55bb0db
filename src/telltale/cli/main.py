"""`telltale ...`: the table of commands. `--help` reads this file alone, commands load when run."""

from __future__ import annotations

from importlib import import_module

import click

from telltale import __version__

COMMANDS = {  # name -> (module:command, what it does)
    "demo": ("telltale.cli.serve:demo", "Five simulated machines, one developing a fault."),
    "serve": ("telltale.cli.serve:serve", "Take readings and show them live."),
    "watch": ("telltale.cli.watch:watch", "Make any log a live, charted machine."),
    "import": ("telltale.cli.imports:import_", "Keep everything that a log file holds."),
    "replay": ("telltale.cli.replay:replay", "Play a recording again, at any speed."),
    "export": ("telltale.cli.export:export", "Write readings to CSV, JSON, NDJSON or Parquet."),
    "profile": ("telltale.cli.profile:profile", "Show, check and infer machine profiles."),
    "train": ("telltale.cli.train:train", "Learn what is normal on a machine."),
    "label": ("telltale.cli.labels:label", "Say what a stretch was: normal, a fault, a failure."),
    "labels": ("telltale.cli.labels:labels", "List and remove what was said of a machine."),
    "diagnose": ("telltale.cli.diagnose:diagnose", "Tell what is wrong with a bearing or gear."),
    "models": ("telltale.cli.models:models", "List and look at models, change what runs."),
    "machines": ("telltale.cli.machines:machines", "List, show, rename and remove machines."),
    "sessions": ("telltale.cli.sessions:sessions", "List, name and remove recordings."),
    "source": ("telltale.cli.source:source", "Set up where readings come from and go to."),
    "obd": ("telltale.cli.obd:obd", "Examine an adapter, read a car's trouble codes."),
    "modbus": ("telltale.cli.modbus:modbus", "Look at registers of a PLC, check a map."),
    "opcua": ("telltale.cli.opcua:opcua", "Look at what an OPC UA server holds."),
    "db": ("telltale.cli.db:db", "Check, back up, restore and archive the store."),
    "doctor": ("telltale.cli.doctor:doctor", "Check this installation and say what to mend."),
    "bench": ("telltale.cli.bench:bench", "Measure this machine: rows per second and delays."),
}


class LazyGroup(click.Group):
    """Loads a command's module only when that command runs, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table's own words; loading every command for its help would take a second."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when one is mistyped."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from telltale.registry import suggest  # noqa: PLC0415 - only on the error path

            ctx.fail(f"No command named {args[0]!r}. {suggest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="telltale")
def cli() -> None:
    """Watch machines: readings in, kept safely, worked out, shown live."""


def main() -> None:
    """Run the command line; a telltale error ends in one plain sentence and exit code 1."""
    from telltale.errors import TelltaleError  # noqa: PLC0415 - after the help path

    try:
        cli()
    except TelltaleError as error:
        click.echo(f"telltale: {error}", err=True)
        raise SystemExit(1) from None
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(f"telltale: {error.filename}: {error.strerror}.", err=True)
        raise SystemExit(1) from None
