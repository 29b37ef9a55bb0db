"""Looks at registers of an unknown map: what they mean in each type and order, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from telltale.errors import SourceUnavailableError
from telltale.formats.registers import OneReading, Table, all_readings
from telltale.sources.modbus.link import SPLITTABLE, ModbusLink, RefusedError, SilentError

COUNTS = (4, 2, 1)  # a 64-bit number takes four; at a table's end there are fewer


@dataclass(frozen=True, slots=True)
class Probed:
    """What lies at an address: registers, 0 to 65535 each, or bits; and their readings."""

    table: Table
    address: int
    words: tuple[int, ...]
    readings: tuple[OneReading, ...]


async def probe(link: ModbusLink, *, device: int, table: Table, address: int) -> Probed:
    """Return what lies there. The link must be open.

    Raises:
        SourceUnavailableError: The device does not answer, or refuses; it says why.
    """
    where = f"{link.way.address}, device {device}, {table.value} {address}"
    counts = [count for count in COUNTS if address + count <= 65_536]
    for count in counts:
        try:
            words = await link.read(device, table, address, count)
        except RefusedError as error:
            if error.code in SPLITTABLE and count > 1:
                continue
            raise SourceUnavailableError(
                f"{where}: {error}. Look the address up in the device's manual; it counts from 0 "
                "here, and manuals often from 1."
            ) from None
        except SilentError as error:
            raise SourceUnavailableError(
                f"{where}: {error}. Is the unit id right (--device)? On a serial line, are "
                "--baud and --parity?"
            ) from None
        readings = () if table.holds_bits else tuple(all_readings(words))
        return Probed(table, address, tuple(words), readings)
    raise SourceUnavailableError(f"{where}: no such address. The last is 65535.")
