"""Which requests read a register map: neighbours together, within what a request may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from telltale.formats.registers import Register, Table

MOST_REGISTERS = 125  # of one request; Modbus Application Protocol 1.1b3, 6.3
MOST_BITS = 2_000  # 6.1


@dataclass(frozen=True, slots=True)
class Block:
    """One request: `count` addresses from `address`, and the registers in them, by address."""

    device: int
    table: Table
    address: int
    count: int
    registers: tuple[Register, ...]

    @property
    def place(self) -> str:
        """Where it lies, in words."""
        last = self.address + self.count - 1
        to = f" to {last}" if last > self.address else ""
        return f"{self.table.value} {self.address}{to} of device {self.device}"

    def values(self, answer: Sequence[int]) -> dict[str, float]:
        """Return each channel's value from the answer, one number per address."""
        at = self.address
        return {r.channel: r.value(answer[r.address - at : r.end - at]) for r in self.registers}


def blocks_by_interval(
    registers: Iterable[Register],
    *,
    device: int,
    interval_s: float,
    gap: int,
    most_registers: int = MOST_REGISTERS,
) -> Mapping[float, list[Block]]:
    """Return the requests of each interval.

    Args:
        registers: The map.
        device: Of registers that name none.
        interval_s: Of registers that name none.
        gap: So many addresses between two registers are read along rather than asked apart.
        most_registers: Of one request; some devices take fewer than 125.
    """
    found: dict[float, list[Block]] = {}

    def key(one: Register) -> tuple[float, int, Table]:
        its_device = device if one.device is None else one.device
        return (one.interval_s or interval_s, its_device, one.table)

    ordered = sorted(registers, key=lambda one: (*key(one), one.address, one.end))
    for (every_s, its_device, table), group in groupby(ordered, key=key):
        most = MOST_BITS if table.holds_bits else most_registers
        blocks = _merged(list(group), its_device, gap=gap, most=most)
        found.setdefault(every_s, []).extend(blocks)
    return found


def halves(block: Block) -> tuple[Block, Block]:
    """Return a block as two, each of half the registers; what lay between is not asked any more."""
    middle = len(block.registers) // 2
    first, second = block.registers[:middle], block.registers[middle:]
    return _block(block.device, first), _block(block.device, second)


def _merged(registers: list[Register], device: int, *, gap: int, most: int) -> list[Block]:
    """Return blocks of registers of one table, given by address."""
    blocks: list[Block] = []
    run: list[Register] = []
    end = 0
    for register in registers:
        new_end = max(end, register.end)
        if run and (register.address > end + gap or new_end - run[0].address > most):
            blocks.append(_block(device, run))
            run, new_end = [], register.end
        run.append(register)
        end = new_end
    return [*blocks, _block(device, run)]


def _block(device: int, registers: Sequence[Register]) -> Block:
    start, end = registers[0].address, max(one.end for one in registers)
    return Block(device, registers[0].table, start, end - start, tuple(registers))
