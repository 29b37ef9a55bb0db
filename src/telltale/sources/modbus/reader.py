"""Reads a register map from its devices: each interval's requests in turn, one row per turn.

A device that is silent or refuses costs only its own channels. A request that a device refuses for
its addresses is asked in halves, down to the single register.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from telltale.errors import SourceUnavailableError
from telltale.formats.registers import Register
from telltale.sources.clock import Clock
from telltale.sources.modbus.link import (
    DEVICE_GONE,
    SPLITTABLE,
    ModbusLink,
    RefusedError,
    SilentError,
)
from telltale.sources.modbus.plan import Block, blocks_by_interval, halves

FIRST_REST_S = 1.0  # of a silent device, then twice as long each time
LONGEST_REST_S = 30.0
REFUSED_REST_S = 60.0  # of a register that was refused alone
WHOLE_AGAIN_S = 600.0  # then what was split is tried whole again: the refusal may have passed
SILENT_IN_A_ROW = 3  # requests to any device without any answer: the connection is dead


@dataclass(frozen=True, slots=True)
class Row:
    """What one turn gave: when its first answer came, and the values that are there."""

    time_ns: int
    values: dict[str, float]


@dataclass(slots=True)
class Rest:
    """Until when a device, or a register, is not asked, why, and how long it was."""

    until_s: float
    why: str
    rest_s: float = 0.0


@dataclass(slots=True)
class Turn:
    """The requests of one interval, and when they are due."""

    every_s: float
    blocks: list[Block]
    due_s: float
    whole_again_s: float = math.inf  # when what was split is planned anew


@dataclass(slots=True)
class Reader:
    """Reads registers from the devices of one connection.

    Args:
        link: An open connection.
        registers: The map.
        clock: Tells the time of rows.
        device, interval_s: Of registers that name none.
        gap, most_registers: As `blocks_by_interval`.

    Attributes:
        devices: The silent ones, by unit id.
        refused: Channels that their device refuses.
        failures: How often what went wrong; bounded by the kinds there are.
        requests: Answered.
        late: Turns left out because the one before took too long.
    """

    link: ModbusLink
    registers: Sequence[Register]
    clock: Clock
    device: int = 1
    interval_s: float = 1.0
    gap: int = 8
    most_registers: int = 125
    devices: dict[int, Rest] = field(default_factory=dict)
    refused: dict[str, Rest] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    late: int = 0
    turns: list[Turn] = field(default_factory=list)
    _silent: int = 0

    def __post_init__(self) -> None:
        """Plan the requests; all are due at once."""
        now_s = time.monotonic()
        self.turns = [Turn(every_s, b, now_s) for every_s, b in self._planned().items()]

    def wait_s(self) -> float:
        """How long nothing is due; 0 if something is."""
        return max(0.0, min(turn.due_s for turn in self.turns) - time.monotonic())

    async def next(self) -> Row | None:
        """Ask what is due first; None if that gave no value.

        Raises:
            SourceUnavailableError: The connection is gone, or nothing answers any more.
        """
        turn = min(self.turns, key=lambda one: one.due_s)
        now_s = time.monotonic()
        if now_s >= turn.whole_again_s:
            turn.blocks, turn.whole_again_s = self._planned()[turn.every_s], math.inf
        row = await self._ask(turn)
        turn.due_s += turn.every_s
        behind_s = time.monotonic() - turn.due_s
        if behind_s > 0:  # no hurry to make up for it: the device is as fast as it is
            left_out = math.ceil(behind_s / turn.every_s)
            self.late += left_out
            turn.due_s += left_out * turn.every_s
        return row

    def _planned(self) -> dict[float, list[Block]]:
        return dict(
            blocks_by_interval(
                self.registers,
                device=self.device,
                interval_s=self.interval_s,
                gap=self.gap,
                most_registers=self.most_registers,
            )
        )

    async def _ask(self, turn: Turn) -> Row | None:
        """Ask all requests of a turn."""
        time_ns = 0
        values: dict[str, float] = {}
        left, kept = deque(turn.blocks), []
        while left:
            block = left.popleft()
            if self._rests(block):
                kept.append(block)
                continue
            try:
                answer = await self.link.read(block.device, block.table, block.address, block.count)
            except SilentError as error:
                self._note_silence(block, str(error))
                kept.append(block)
            except RefusedError as error:
                self._heard(block.device)
                if error.code in SPLITTABLE and len(block.registers) > 1:
                    left.extendleft(reversed(halves(block)))
                    turn.whole_again_s = time.monotonic() + WHOLE_AGAIN_S
                    self.failures["split"] += 1
                    continue
                self._note_refusal(block, error)
                kept.append(block)
            else:
                self._heard(block.device)
                self.requests += 1
                time_ns = time_ns or self.clock.now_ns()
                got = block.values(answer)
                values |= got
                kept.append(block)
                for channel in got:
                    self.refused.pop(channel, None)
        turn.blocks = kept
        there = {name: value for name, value in values.items() if not math.isnan(value)}
        return Row(time_ns, there) if there else None

    def _rests(self, block: Block) -> bool:
        now_s = time.monotonic()
        rest = self.devices.get(block.device)
        if rest is not None and now_s < rest.until_s:
            return True
        alone = self.refused.get(block.registers[0].channel) if len(block.registers) == 1 else None
        return alone is not None and now_s < alone.until_s

    def _heard(self, device: int) -> None:
        self._silent = 0
        self.devices.pop(device, None)

    def _note_silence(self, block: Block, why: str) -> None:
        """Let a silent device rest. Raises SourceUnavailableError when none answers any more."""
        self.failures["no answer"] += 1
        self._silent += 1
        self._let_rest(block.device, why)
        if self._silent >= SILENT_IN_A_ROW and len(self.devices) == self._device_count():
            raise SourceUnavailableError(
                f"{self.link.way.address}: {why}, {self._silent} requests in a row (the last for "
                f"{block.place}). Is the device on, and is its unit id {block.device}?"
            )

    def _device_count(self) -> int:
        return len({block.device for turn in self.turns for block in turn.blocks})

    def _note_refusal(self, block: Block, error: RefusedError) -> None:
        self.failures[str(error)] += 1
        if error.code in DEVICE_GONE:
            self._let_rest(block.device, str(error))
            return
        rest_s = REFUSED_REST_S if error.code in (1, *SPLITTABLE) else 0.0
        until_s = time.monotonic() + rest_s
        for register in block.registers:
            self.refused[register.channel] = Rest(until_s, f"{block.place}: {error}")

    def _let_rest(self, device: int, why: str) -> None:
        before = self.devices.get(device)
        rest_s = FIRST_REST_S if before is None else min(2 * before.rest_s, LONGEST_REST_S)
        self.devices[device] = Rest(time.monotonic() + rest_s, why, rest_s)
