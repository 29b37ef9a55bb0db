"""`telltale obd ...`: examine an adapter, read and clear trouble codes, play a car."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from telltale.cli.options import json_option
from telltale.cli.output import print_json, print_table
from telltale.errors import SettingsError, SourceUnavailableError

if TYPE_CHECKING:
    from telltale.sources.obd.car import Car
    from telltale.sources.obd.connect import Connected

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")
TCP_PORT = 35_000


@click.group()
def obd() -> None:
    """Talk to a car through an OBD-II adapter."""


def adapter_options(command: Command) -> Command:
    """Add how an adapter is reached."""
    command = click.option(
        "--protocol",
        default="0",
        show_default=True,
        help="The car's bus, 1 to 9 as ATSP numbers them; 0 finds it.",
    )(command)
    command = click.option(
        "--baud", type=int, help="Speed of a serial port; default: the usual ones in turn."
    )(command)
    return click.option(
        "--port",
        envvar="TELLTALE_OBD_PORT",
        help="Serial port, or HOST:PORT of a Wi-Fi adapter; default: the only USB adapter.",
    )(command)


@obd.command()
@adapter_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the transcript, with every byte, to this file.",
)
@json_option
def doctor(
    port: str | None, baud: int | None, protocol: str, *, out: Path | None, as_json: bool
) -> None:
    """Examine adapter and car step by step. Exit code 1 if no readings come."""
    from telltale.sources.obd.address import make_link  # noqa: PLC0415
    from telltale.sources.obd.doctor import examine  # noqa: PLC0415
    from telltale.sources.obd.find_adapter import BAUDS  # noqa: PLC0415 - loads numpy

    def tell(what: str, outcome: str) -> None:
        if not as_json:
            click.echo(f"{what}: {outcome}")

    link = make_link(port or only_port())
    bauds = (baud,) if baud else BAUDS
    report = asyncio.run(examine(link, bauds=bauds, protocol=protocol, on_step=tell))
    if out is not None:
        out.write_text(report.transcript(), encoding="utf-8")
    if as_json:
        steps = [{"step": what, "outcome": outcome} for what, outcome in report.steps]
        good = {"is_good": report.is_good, "verdict": report.verdict}
        print_json({**good, "steps": steps, **report.facts})
    else:
        click.echo(f"\n{report.verdict}")
        click.echo(f"The transcript is in {out}." if out else "--out FILE keeps a transcript.")
    if not report.is_good:
        raise SystemExit(1)


@obd.command()
@adapter_options
@json_option
def codes(port: str | None, baud: int | None, protocol: str, *, as_json: bool) -> None:
    """Show trouble codes, the engine lamp and the self-tests."""
    from telltale.sources.obd.car import (  # noqa: PLC0415 - loads numpy
        read_codes,
        read_readiness,
        shown_codes,
    )

    async def ask(connected: Connected, car: Car) -> None:
        found = shown_codes(await read_codes(connected))
        readiness = await read_readiness(connected, car.engine)
        if as_json:
            tests = {one.name: one.is_ready for one in readiness.monitors} if readiness else None
            lamp = readiness.is_lamp_on if readiness else None
            print_json({"codes": found, "is_lamp_on": lamp, "self_tests": tests, "vin": car.vin})
            return
        rows = [(one["code"], one["kind"], one["ecu"], one["text"]) for one in found]
        print_table(("code", "kind", "ecu", "what it says"), rows, "No trouble codes.")
        if readiness is not None:
            unready = ", ".join(one.name for one in readiness.monitors if not one.is_ready)
            click.echo(f"The engine lamp is {'on' if readiness.is_lamp_on else 'off'}.")
            click.echo(f"Self-tests that have not run: {unready or 'none'}.")

    with_car(port, baud, protocol, ask)


@obd.command()
@adapter_options
@click.option(
    "--yes-clear-codes",
    is_flag=True,
    help="Yes: clear stored and pending codes, freeze frames and self-tests.",
)
def clear(port: str | None, baud: int | None, protocol: str, *, yes_clear_codes: bool) -> None:
    """Clear trouble codes. The car then has to run its self-tests anew."""
    from telltale.sources.obd.car import clear_codes, read_codes  # noqa: PLC0415 - loads numpy

    if not yes_clear_codes:
        raise SettingsError(
            "Clearing also takes the freeze frames, which tell a workshop how a fault came, and "
            "the self-tests, without which a car fails its inspection. Look at `telltale obd "
            "codes` first; then add --yes-clear-codes."
        )

    async def ask(connected: Connected, _: Car) -> None:
        before = await read_codes(connected)
        if not await clear_codes(connected):
            raise SourceUnavailableError(
                "The car did not clear its codes. Most do it only with ignition on, engine off."
            )
        after = await read_codes(connected)
        click.echo(f"Cleared. {len(before)} codes before, {len(after)} now.")
        for one in after:
            click.echo(f"{one.code} ({one.kind}): {one.text}")

    with_car(port, baud, protocol, ask)


@obd.command()
@adapter_options
@click.option("--known", is_flag=True, help="List all PIDs that telltale knows; needs no car.")
@json_option
def pids(port: str | None, baud: int | None, protocol: str, *, known: bool, as_json: bool) -> None:
    """List what a car can be asked, with its present value."""
    from telltale.formats.obd.answers import pid_data  # noqa: PLC0415 - loads numpy
    from telltale.formats.obd.pids import LISTS, pid_table  # noqa: PLC0415
    from telltale.sources.obd.car import ask as ask_car  # noqa: PLC0415

    table = pid_table()

    def show(entries: list[dict[str, Any]]) -> None:
        if as_json:
            print_json(entries)
            return
        rows = [
            (e["pid"], e["title"], e["name"], e["value"], e["unit"] if e["unit"] != "1" else "")
            for e in entries
        ]
        print_table(("pid", "what", "channel", "value", "unit"), rows, "No PIDs.")

    def entry(pid: int, name: str, unit: str, value: float | None) -> dict[str, Any]:
        title = table[pid].title if pid in table else "not known to telltale"
        shown = None if value is None or value != value else round(value, 4)  # noqa: PLR0124 - NaN
        return {"pid": f"01{pid:02X}", "title": title, "name": name, "value": shown, "unit": unit}

    if known:
        show(
            [
                entry(pid, number.name, number.unit, None)
                for pid in sorted(table.keys() - set(LISTS))
                for number in table[pid].numbers
            ]
        )
        return

    async def ask(connected: Connected, car: Car) -> None:
        entries: list[dict[str, Any]] = []
        for pid in sorted(car.pids):
            replies = (await ask_car(connected, f"01{pid:02X}")).messages
            own = [one for one in replies if one.ecu == car.owner(pid)]
            data = next(filter(None, (pid_data(one, (pid,)) for one in own)), {})
            numbers = table[pid].numbers if pid in table else ()
            entries += [
                entry(pid, n.name, n.unit, n.decode(data[pid]) if pid in data else None)
                for n in numbers
            ] or [entry(pid, "", "", None)]
        show(entries)

    with_car(port, baud, protocol, ask)


@obd.command()
@click.option(
    "--tcp", "tcp_port", type=click.IntRange(0, 65_535), help="Listen there, as a Wi-Fi adapter."
)
@click.option(
    "--pty",
    type=click.Path(path_type=Path),
    help="Make this link to a terminal, as a cable. Not on Windows.",
)
@click.option("--profile", default="focus_st", show_default=True, help="Which car is simulated.")
@click.option("--scenario", help="What the car is doing; default: its simulator's first.")
@click.option("--protocol", help="The car's bus, 1 to 9; default: 6, of the 2JZ 5.")
@click.option("--code", "stored", multiple=True, help="A trouble code that is stored, e.g. P0301.")
@click.option("--defect", "defects", multiple=True, help="NAME or NAME=VALUE; may be repeated.")
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after so long.")
def simulate(
    tcp_port: int | None,
    pty: Path | None,
    *,
    profile: str,
    scenario: str | None,
    protocol: str | None,
    stored: tuple[str, ...],
    defects: tuple[str, ...],
    seconds: float | None,
) -> None:
    """Play a car with an adapter in it, until Ctrl+C."""
    from telltale.simulators.elm327_play import simulated_adapter  # noqa: PLC0415 - loads numpy

    adapter = simulated_adapter(
        profile, scenario=scenario, protocol=protocol, stored=stored, defects=defects
    )

    async def play() -> None:
        from telltale.simulators.elm327_server import TcpAdapter  # noqa: PLC0415

        if pty is not None:
            from telltale.simulators.elm327_terminal import (  # noqa: PLC0415 - not on Windows
                TerminalAdapter,
            )

            terminal = TerminalAdapter(adapter, link=pty)
            await terminal.open()
            click.echo(f"A simulated adapter is at {pty}.")
        listener = TcpAdapter(adapter, port=TCP_PORT if tcp_port is None else tcp_port)
        if pty is None or tcp_port is not None:
            await listener.open()
            click.echo(f"A simulated adapter is at tcp://127.0.0.1:{listener.port}")
        try:
            await asyncio.sleep(seconds if seconds is not None else 1e9)
        finally:
            await listener.close()
            if pty is not None:
                await terminal.close()

    try:
        asyncio.run(play())
    except KeyboardInterrupt:
        click.echo("Stopped.")


def with_car(
    port: str | None,
    baud: int | None,
    protocol: str,
    use: Callable[[Connected, Car], Awaitable[Result]],
) -> Result:
    """Connect to the car, use it, and let go of it. Raises what kept it from being reached."""
    from telltale.sources.obd.address import make_link  # noqa: PLC0415
    from telltale.sources.obd.car import look_at  # noqa: PLC0415 - loads numpy
    from telltale.sources.obd.connect import connect  # noqa: PLC0415
    from telltale.sources.obd.find_adapter import BAUDS  # noqa: PLC0415

    async def run() -> Result:
        link = make_link(port or only_port())
        connected = await connect(link, bauds=(baud,) if baud else BAUDS, protocol=protocol)
        try:
            return await use(connected, await look_at(connected))
        finally:
            await link.close()

    return asyncio.run(run())


def only_port() -> str:
    """Return the USB adapter if there is exactly one. Raises SettingsError naming those there.

    Other serial ports are never tried unasked: something else may listen there.
    """
    from telltale.sources.obd.serial_link import usb_ports  # noqa: PLC0415 - loads pyserial

    found = usb_ports()
    if len(found) == 1:
        return found[0]
    there = f"There are {', '.join(found)}." if found else "No USB adapter is plugged in."
    raise SettingsError(
        f"Which adapter? {there} Name it with --port: a serial port such as /dev/ttyUSB0 or COM3, "
        "or HOST:PORT of a Wi-Fi adapter, often 192.168.0.10:35000."
    )
