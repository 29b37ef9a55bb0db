"""Modbus as a feed: the registers of PLCs, drives and meters, over TCP or a serial line."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from telltale.batch import Batch
from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.base import BOOLEANS, Decoded
from telltale.formats.registers import Register, RegisterType
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.modbus.link import ModbusLink, way_of
from telltale.sources.modbus.plan import MOST_REGISTERS
from telltale.sources.modbus.reader import Reader, Row
from telltale.sources.modbus.register_map import map_of, read_map

TELL_S = 1.0  # how often details are told
MAX_TOLD = 100  # refused channels


class ModbusSource:
    """Registers of one connection, as one machine.

    Args:
        machine: Whose readings they are.
        address: HOST, HOST:PORT, rtu+tcp://HOST:PORT, or a serial port.
        map_file: The register map, CSV or TOML; read again at each connection.
        registers: The map itself, as a list of tables with the same keys. One of the two is needed.
        device: Unit id of registers that name none, 0 to 255.
        interval_s: How often registers are read that do not say it themselves.
        timeout_s: How long an answer may take.
        gap: So many unneeded addresses between two registers are read along in one request.
        most_registers: Of one request; some devices take fewer than 125.
        baud: Of a serial line.
        parity: Of a serial line: E, N or O. The standard's is E.
        stop_bits: Of a serial line.
        clock: For tests.

    Raises:
        SettingsError: A setting is out of range, or the map in `registers` has a fault.
        MissingExtraError: A serial port without pyserial.
    """

    simulated = False
    is_live = True

    def __init__(
        self,
        machine: str,
        address: str,
        *,
        map_file: str = "",
        registers: Sequence[Mapping[str, Any]] | None = None,
        device: int = 1,
        interval_s: float = 1.0,
        timeout_s: float = 1.0,
        gap: int = 8,
        most_registers: int = MOST_REGISTERS,
        baud: int = 19_200,
        parity: str = "E",
        stop_bits: int = 1,
        clock: Clock | None = None,
    ) -> None:
        self.name = f"modbus:{check_text('modbus', 'machine', machine)}"
        self.machine = machine
        self.status = SourceStatus()
        if bool(map_file) == bool(registers):
            raise SettingsError(
                f"{self.name}: give the register map either with map_file or with registers."
            )
        self._map_file = str(map_file)
        self._registers = map_of(registers, f"{self.name}: registers") if registers else ()
        self._device = int(check_number(self.name, "device", device, 0, 255))
        self._interval_s = check_number(self.name, "interval_s", interval_s, 0.01, 86_400)
        timeout_s = check_number(self.name, "timeout_s", timeout_s, 0.05, 60)
        self._gap = int(check_number(self.name, "gap", gap, 0, MOST_REGISTERS))
        self._most = int(check_number(self.name, "most_registers", most_registers, 4, 125))
        way = way_of(address, baud=baud, parity=parity, stop_bits=stop_bits)
        self._link = ModbusLink(way, timeout_s)
        self._clock = clock or SystemClock()
        self._reader: Reader | None = None
        self._closed = asyncio.Event()
        self._units: dict[str, str] = {}
        self._codes: dict[str, Mapping[str, float]] = {}
        self._told_s = 0.0

    async def open(self) -> None:
        """Read the map and connect. Raises SourceUnavailableError, which is safe to retry."""
        await self.close()
        self.status.state = SourceState.OPENING
        registers = self._registers or self._read_map()
        self._units = {one.channel: one.unit for one in registers if one.unit}
        self._codes = {one.channel: BOOLEANS for one in registers if _is_boolean(one)}
        await self._link.open()
        self._closed = asyncio.Event()
        self._reader = Reader(
            self._link,
            registers,
            self._clock,
            device=self._device,
            interval_s=self._interval_s,
            gap=self._gap,
            most_registers=self._most,
        )
        self.status.state = SourceState.LIVE
        self._tell(self._reader)

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield one row per turn of an interval, until closed."""
        while (reader := self._reader) is not None:
            if wait_s := reader.wait_s():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closed.wait(), wait_s)
                continue
            try:
                row = await reader.next()
            except SourceUnavailableError:
                if self._reader is None:
                    return  # closed: what waited for an answer was told so
                raise
            if self._reader is not reader:
                continue
            if time.monotonic() - self._told_s > TELL_S:
                self._tell(reader)
            if row is not None:
                yield self._decoded(row)

    async def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        self._reader = None
        self._closed.set()
        self._link.close()
        self.status.state = SourceState.CLOSED

    def _read_map(self) -> tuple[Register, ...]:
        """Read the map; one that is mended is taken at the next try."""
        try:
            return read_map(Path(self._map_file).read_bytes(), self._map_file)
        except OSError as error:
            raise SourceUnavailableError(
                f"{self._map_file}: cannot be read: {error.strerror}. Is the map there?"
            ) from None
        except SettingsError as error:
            raise SourceUnavailableError(f"{error} Mend the map.") from None

    def _decoded(self, row: Row) -> Decoded:
        columns = {name: np.array([value]) for name, value in row.values.items()}
        decoded = Decoded(
            (Batch(self.machine, np.array([row.time_ns], dtype=np.int64), columns),),
            units={name: unit for name, unit in self._units.items() if name in columns},
            codes={name: codes for name, codes in self._codes.items() if name in columns},
        )
        self.status.count(decoded, row.time_ns)
        return decoded

    def _tell(self, reader: Reader) -> None:
        """Put what is known into the status."""
        self._told_s = time.monotonic()
        blocks = sum(len(turn.blocks) for turn in reader.turns)
        trouble = [f"{len(reader.refused)} refused"] if reader.refused else []
        trouble += [f"device {device}: {rest.why}" for device, rest in reader.devices.items()][:3]
        self.status.detail = (
            f"Reads {len(reader.registers)} channels in {blocks} requests from "
            f"{self._link.way.address}{'; ' if trouble else ''}{'; '.join(trouble)}."
        )
        self.status.details = {
            "address": self._link.way.address,
            "channels": len(reader.registers),
            "requests": [
                {"every_s": turn.every_s, "place": block.place, "channels": len(block.registers)}
                for turn in reader.turns
                for block in turn.blocks[:MAX_TOLD]
            ][:MAX_TOLD],
            "answered": reader.requests,
            "silent_devices": {str(device): rest.why for device, rest in reader.devices.items()},
            "refused": dict([(name, rest.why) for name, rest in reader.refused.items()][:MAX_TOLD]),
            "failures": dict(reader.failures),
            "turns_left_out": reader.late,
        }


def _is_boolean(register: Register) -> bool:
    is_bit = register.bit is not None or register.kind is RegisterType.BIT
    return is_bit and register.scale == 1.0 and register.offset == 0.0
