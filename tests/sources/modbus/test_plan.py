"""Requests hold neighbours together, within limits, and every register exactly once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.registers import Register, RegisterType, Table
from telltale.sources.modbus.plan import Block, blocks_by_interval, halves

KINDS = [RegisterType.UINT16, RegisterType.FLOAT32, RegisterType.FLOAT64]


@st.composite
def maps(draw: st.DrawFn) -> list[Register]:
    registers = []
    for i in range(draw(st.integers(1, 40))):
        table = draw(st.sampled_from(Table))
        kind = RegisterType.BIT if table.holds_bits else draw(st.sampled_from(KINDS))
        registers.append(
            Register(
                f"c{i}",
                table,
                draw(st.integers(0, 700)),
                kind,
                device=draw(st.sampled_from([None, 1, 7])),
                interval_s=draw(st.sampled_from([None, 0.5, 10.0])),
            )
        )
    return registers


@given(maps(), st.integers(0, 125), st.integers(4, 125))
def test_every_register_is_asked_once_within_the_limits(
    registers: list[Register], gap: int, most: int
) -> None:
    planned = blocks_by_interval(registers, device=1, interval_s=1.0, gap=gap, most_registers=most)
    asked = [one.channel for blocks in planned.values() for b in blocks for one in b.registers]
    assert sorted(asked) == sorted(one.channel for one in registers)
    for every_s, blocks in planned.items():
        for block in blocks:
            assert block.count <= (2_000 if block.table.holds_bits else most)
            for one in block.registers:
                assert block.address <= one.address
                assert one.end <= block.address + block.count
                assert one.table is block.table
                assert (one.interval_s or 1.0) == every_s
                assert (1 if one.device is None else one.device) == block.device


@given(maps())
def test_halving_ends_at_single_registers_and_loses_none(registers: list[Register]) -> None:
    planned = blocks_by_interval(registers, device=1, interval_s=1.0, gap=125)
    left = [block for blocks in planned.values() for block in blocks]
    single: list[Block] = []
    while left:
        block = left.pop()
        if len(block.registers) == 1:
            assert (block.address, block.address + block.count) == (
                block.registers[0].address,
                block.registers[0].end,
            )
            single.append(block)
        else:
            left.extend(halves(block))
    assert len(single) == len(registers)


def test_neighbours_share_a_request_and_a_wide_gap_parts_them() -> None:
    registers = [
        Register(name, Table.HOLDING, address, RegisterType.FLOAT32)
        for name, address in (("a", 0), ("b", 2), ("c", 12), ("d", 100))
    ]
    (blocks,) = blocks_by_interval(registers, device=1, interval_s=1.0, gap=8).values()
    assert [(b.address, b.count) for b in blocks] == [(0, 14), (100, 2)]
    (blocks,) = blocks_by_interval(registers, device=1, interval_s=1.0, gap=0).values()
    assert [(b.address, b.count) for b in blocks] == [(0, 4), (12, 2), (100, 2)]


def test_values_come_out_by_channel() -> None:
    registers = [Register("a", Table.INPUT, 5), Register("b", Table.INPUT, 7, scale=0.5)]
    (blocks,) = blocks_by_interval(registers, device=1, interval_s=1.0, gap=8).values()
    assert blocks[0].values([10, 11, 12]) == {"a": 10.0, "b": 6.0}
    assert blocks[0].place == "input 5 to 7 of device 1"
