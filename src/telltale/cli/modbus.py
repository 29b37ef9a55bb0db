"""`telltale modbus ...`: look at registers of an unknown device, check a register map."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from telltale.cli.options import json_option
from telltale.cli.output import print_json, print_table
from telltale.errors import SettingsError

if TYPE_CHECKING:
    from telltale.formats.registers import OneReading, Register, Table
    from telltale.sources.modbus.probe import Probed

Command = TypeVar("Command", bound=Callable[..., Any])
TABLES = ("coil", "discrete", "holding", "input")


@click.group()
def modbus() -> None:
    """Talk to PLCs, drives and meters over Modbus."""


def line_options(command: Command) -> Command:
    """Add how a device on a serial line is reached."""
    command = click.option(
        "--parity",
        type=click.Choice(["E", "N", "O"]),
        default="E",
        show_default=True,
        help="Of a serial line.",
    )(command)
    return click.option(
        "--baud", type=int, default=19_200, show_default=True, help="Speed of a serial line."
    )(command)


@modbus.command()
@click.argument("host")
@click.argument("address")
@click.option(
    "--device",
    type=click.IntRange(0, 255),
    default=1,
    show_default=True,
    help="Unit id: which device behind a gateway, or on the line.",
)
@click.option("--table", type=click.Choice(TABLES), help="Default: as ADDRESS says, else holding.")
@click.option(
    "--timeout", type=float, default=2.0, show_default=True, help="Seconds an answer may take."
)
@line_options
@json_option
def probe(
    host: str,
    address: str,
    *,
    device: int,
    table: str | None,
    timeout: float,
    baud: int,
    parity: str,
    as_json: bool,
) -> None:
    """Show what lies at a register, in every type and order.

    HOST is HOST, HOST:PORT, rtu+tcp://HOST:PORT or a serial port. ADDRESS counts from 0, or is a
    reference such as 40001, which is holding register 0.
    """
    from telltale.registry import missing_extra  # noqa: PLC0415 - the drivers are an extra

    try:
        from telltale.sources.modbus.link import ModbusLink, way_of  # noqa: PLC0415
        from telltale.sources.modbus.probe import probe as look  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise missing_extra("Modbus", "industrial", missing) from None

    link = ModbusLink(way_of(host, baud=baud, parity=parity), timeout)
    where, number = asked_place(table, address)

    async def run() -> Probed:
        await link.open()
        try:
            return await look(link, device=device, table=where, address=number)
        finally:
            link.close()

    found = asyncio.run(run())
    if as_json:
        print_json({"device": device, **as_plain(found)})
    else:
        show(found, device, link.way.address)


def asked_place(table: str | None, address: str) -> tuple[Table, int]:
    """Return which register is meant. Raises SettingsError."""
    from telltale.formats.registers import Table  # noqa: PLC0415 - loaded when run
    from telltale.sources.modbus.entries import LAST_ADDRESS, place_of  # noqa: PLC0415

    if table is None and (place := place_of(address)):
        return place
    try:
        number = int(address, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= LAST_ADDRESS:
        raise SettingsError(
            f"ADDRESS is {address!r}. Give a number from 0 to {LAST_ADDRESS}, as 0x1F if you "
            "like, or a reference such as 40001."
        )
    return Table(table or "holding"), number


def show(found: Probed, device: int, address: str) -> None:
    """Print what was found, for people."""
    place = f"{found.table.value} {found.address} of device {device} at {address}"
    if found.table.holds_bits:
        click.echo(f"{place}: {' '.join(map(str, found.words))}")
        return
    click.echo(f"{place}: {' '.join(f'{word:04X}' for word in found.words)}")
    if not any(found.words):
        click.echo("All zero: every reading is 0. Look again when the machine runs.")
        return
    orders = list(dict.fromkeys(reading.order for reading in found.readings))
    rows = []
    for kind in dict.fromkeys(reading.kind for reading in found.readings):
        cells = {one.order: cell(one) for one in found.readings if one.kind is kind}
        rows.append((kind.value, *(cells[order] for order in orders)))
    print_table(("type", *(order.value for order in orders)), rows, "Nothing.")
    click.echo(
        "* has the size of a usual measurement; that is a hint, no proof. "
        "Compare with what the device shows, and look twice while the value changes."
    )


def cell(reading: OneReading) -> str:
    """Return one reading as it stands in the table."""
    value = f"{reading.value:.7g}" if isinstance(reading.value, float) else str(reading.value)
    return f"{value} *" if reading.is_plausible else value


def as_plain(found: Probed) -> dict[str, Any]:
    """Return what was found, for scripts."""
    return {
        "table": found.table.value,
        "address": found.address,
        "words": list(found.words),
        "readings": [
            {
                "type": one.kind.value,
                "order": one.order.value,
                "value": one.value if abs(one.value) < float("inf") else str(one.value),
                "is_plausible": one.is_plausible,
            }
            for one in found.readings
        ],
    }


@modbus.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--gap", type=int, default=8, show_default=True, help="As the setting gap of the source."
)
@json_option
def check(file: Path, *, gap: int, as_json: bool) -> None:
    """Check a register map, and show its channels and requests."""
    from telltale.sources.modbus.plan import blocks_by_interval  # noqa: PLC0415 - loaded when run
    from telltale.sources.modbus.register_map import read_map  # noqa: PLC0415

    registers = read_map(file.read_bytes(), str(file))
    planned = blocks_by_interval(registers, device=1, interval_s=1.0, gap=gap)
    requests = [(every_s, block) for every_s, blocks in planned.items() for block in blocks]
    if as_json:
        print_json(
            {
                "channels": [channel_of(one) for one in registers],
                "requests": [{"every_s": every_s, "place": b.place} for every_s, b in requests],
            }
        )
        return
    heads = ("channel", "table", "address", "type", "order", "scale", "offset", "unit")
    rows = [tuple(channel_of(one)[head] for head in heads) for one in registers]
    print_table(heads, rows, "No registers.")
    click.echo(f"{len(registers)} channels in {len(requests)} requests:")
    for every_s, block in requests:
        click.echo(f"  every {every_s:g} s: {block.place}")


def channel_of(register: Register) -> dict[str, Any]:
    """Return one line of the map, for scripts and tables."""
    return {
        "channel": register.channel,
        "table": register.table.value,
        "address": register.address,
        "type": register.kind.value,
        "order": register.order.value,
        "scale": register.scale,
        "offset": register.offset,
        "unit": register.unit,
    }
