"""`telltale profile`: list, show, check and infer machine profiles."""

from __future__ import annotations

from pathlib import Path

import click

from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json, print_table
from telltale.errors import DecodeError, ProfileError


@click.group()
def profile() -> None:
    """Show, check and infer machine profiles."""


@profile.command(name="list")
@data_option
@json_option
def list_(data: Path, *, as_json: bool) -> None:
    """List the profiles that are built in or lie in the data folder."""
    from telltale.profiles.load import ProfileBook  # noqa: PLC0415 - loads numpy
    from telltale.runtime.build import PROFILES_FOLDER  # noqa: PLC0415

    book = ProfileBook(data / PROFILES_FOLDER)
    rows = [(p.id, p.title, len(p.channels), len(p.metrics)) for p in book.all().values()]
    if as_json:
        print_json(
            [dict(zip(("id", "title", "channels", "metrics"), row, strict=True)) for row in rows]
        )
        return
    print_table(("id", "title", "channels", "metrics"), rows, "No profiles.")
    for problem in book.problems:
        click.echo(f"Left out: {problem}", err=True)


@profile.command()
@click.argument("id")
@data_option
@json_option
def show(id: str, data: Path, *, as_json: bool) -> None:  # noqa: A002 - a profile's own word
    """Print one profile as its file would be: to read, or to begin one of your own."""
    from msgspec import to_builtins  # noqa: PLC0415 - loads numpy with the rest

    from telltale.profiles.load import ProfileBook  # noqa: PLC0415
    from telltale.profiles.write import to_toml  # noqa: PLC0415
    from telltale.runtime.build import PROFILES_FOLDER  # noqa: PLC0415

    found = ProfileBook(data / PROFILES_FOLDER).get(id)
    if as_json:
        print_json(to_builtins(found))
    else:
        click.echo(to_toml(found), nl=False)


@profile.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check profile files; say file, line and the nearest valid key for each error."""
    from telltale.pipeline.run import Pipeline  # noqa: PLC0415 - loads numpy
    from telltale.profiles.load import load_profile  # noqa: PLC0415

    wrong = 0
    for file in files:
        try:
            found = load_profile(file)
            Pipeline(found)
        except ProfileError as error:
            wrong += 1
            click.echo(str(error), err=True)
        else:
            click.echo(f"{file}: {len(found.channels)} channels, {len(found.metrics)} metrics.")
    if wrong:
        raise SystemExit(1)


@profile.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "profile_id", help="Its id; default: from the file's name.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
def infer(file: Path, profile_id: str | None, out: Path | None, *, force: bool) -> None:
    """Write a profile from a log: channels, units, ranges and cards, for you to check."""
    if out is not None and out.exists() and not force:
        raise click.UsageError(f"{out} exists. Give another name, or --force to write over it.")
    from telltale.formats.files import ReadOptions, read_file  # noqa: PLC0415 - loads numpy
    from telltale.formats.start import id_of_name  # noqa: PLC0415
    from telltale.profiles.choose import free_id  # noqa: PLC0415
    from telltale.profiles.infer import infer_profile  # noqa: PLC0415
    from telltale.profiles.write import to_toml  # noqa: PLC0415

    decoded = next(iter(read_file(file, ReadOptions())), None)
    if decoded is None or not decoded.rows:
        raise DecodeError(f"{file}: no readings in it, so there is nothing to infer from.")
    name = id_of_name(f"{file.absolute().parent.name}/{file.name}")  # as an import names it
    inferred = infer_profile(decoded, id=profile_id or free_id(name, ()), title=name)
    text = to_toml(inferred)
    if out is None:
        click.echo(text)
        return
    out.write_text(text, encoding="utf-8")
    click.echo(f"{out}: check its units and ranges before you rely on it.", err=True)
