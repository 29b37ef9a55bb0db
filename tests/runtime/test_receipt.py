"""Every refused row and value is counted once, however many machines are in an input."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch
from telltale.formats.base import Decoded, LeftOut, Rejection
from telltale.formats.decode import decode
from telltale.formats.files import ReadOptions
from telltale.runtime.core import Runtime
from telltale.runtime.imports import PART_ROWS, Imports
from telltale.runtime.receipt import Receipt, undecoded, whole
from tests.runtime.conftest import OpenRuntime
from tests.runtime.test_core import PUMP, T0

WHY = Rejection(7, "time", "soon", "a time", "Row 7, time: 'soon' is no time.")
TOLD = Rejection(8, "time", "soon", "a time", "Row 8, time: 'soon' is no time.")


def share(machine: str, **values: float) -> Batch:
    columns = {name: np.full(5, value) for name, value in {**PUMP, **values}.items()}
    return Batch(machine, T0 + np.arange(5) * 10**9, columns)


def totals(receipts: list[Receipt]) -> tuple[int, int, int]:
    return (
        sum(receipt.accepted for receipt in receipts),
        sum(receipt.rejected for receipt in receipts),
        sum(receipt.rejected_values for receipt in receipts),
    )


async def taken(runtime: Runtime, *batches: Batch) -> list[Receipt]:
    decoded = Decoded(batches, rejected_rows=2, rejected_values=3, reasons=(WHY,))
    return await runtime.ingest(decoded, profile="industrial_pump")


@pytest.mark.parametrize("machines", [("a",), ("a", "b"), ("a", "a"), ("a", "b", "c")])
async def test_what_the_decoder_refused_counts_once(
    open_runtime: OpenRuntime, machines: tuple[str, ...]
) -> None:
    async with open_runtime() as runtime:
        receipts = await taken(runtime, *map(share, machines))
        known = sum(live.rejected for live in runtime.machines())
    assert totals(receipts) == (5 * len(machines), 2, 3)
    assert known == 2
    assert [TOLD in receipt.reasons for receipt in receipts] == [True] + [False] * (
        len(machines) - 1
    )


async def test_what_the_profile_refuses_is_added_per_machine(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        receipts = await taken(runtime, share("a"), share("b", bearing_temp_c=5000.0))
    assert totals(receipts) == (10, 2, 3 + 5)
    assert receipts[1].rejected_values == 5


async def test_a_machine_that_cannot_be_registered_costs_only_its_own_readings(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        receipts = await taken(runtime, share("\n"), share("b"))
    assert totals(receipts) == (5, 5 + 2, 3)
    assert receipts[1].accepted == 5
    one = whole(receipts, Decoded(()), "b")
    assert (one.accepted, one.rejected, one.rejected_values) == (5, 7, 3)
    assert one.last_time_ns == T0 + 4 * 10**9


def test_an_input_without_a_reading_says_what_was_refused() -> None:
    decoded = decode(b'[1, {"time": "soon", "a": 1}]', content_type="application/json",
                     machine="pump-3", arrival_ns=T0)  # fmt: skip
    receipt = whole([], decoded, "pump-3")
    assert (receipt.accepted, receipt.rejected) == (0, 2)
    assert len(receipt.reasons) == 2


async def test_rows_whose_time_was_there_already_are_counted_as_replaced(
    open_runtime: OpenRuntime,
) -> None:
    twice = Batch("a", np.array([T0, T0, T0 + 10**9]), {"bearing_temp_c": np.array([1.0, 2, 3])})
    async with open_runtime() as runtime:
        (first,) = await runtime.ingest(Decoded((twice,)), profile="industrial_pump")
        again = await runtime.ingest(Decoded((twice, share("b"))), profile="industrial_pump")
    assert (first.accepted, first.replaced) == (3, 1)
    assert [(receipt.accepted, receipt.replaced) for receipt in again] == [(3, 3), (5, 0)]
    assert whole(again, Decoded(()), "a").replaced == 3


async def test_what_was_guessed_and_left_out_is_told_once_per_input(
    open_runtime: OpenRuntime,
) -> None:
    left_out = LeftOut("remark", "free text")
    decoded = Decoded((share("a"), share("b")), notes=("A guess.",), left_out=(left_out,))
    async with open_runtime() as runtime:
        receipts = await runtime.ingest(decoded, profile="industrial_pump")
    assert [receipt.warnings for receipt in receipts] == [("A guess.",), ()]
    one = whole(receipts, decoded, "a")
    assert (one.warnings, one.left_out) == (("A guess.",), (left_out,))


def test_rows_of_reasons_count_from_one_in_number_and_words() -> None:
    whole_input = Rejection(None, None, None, "a reading", "Row 1 is nothing.")
    first = Rejection(0, "oil", "hot", "a number", "Row 0: 'oil' is hot, expected a number.")
    told = undecoded("m", Decoded((), reasons=(whole_input, first))).reasons
    assert told[0] == whole_input
    assert (told[1].row, told[1].message) == (1, "Row 1: 'oil' is hot, expected a number.")


async def test_a_refused_value_is_told_with_its_row_in_the_input(
    open_runtime: OpenRuntime,
) -> None:
    temps_c = [40.0, 41.0, 5000.0, 42.0, 6000.0]
    readings = [
        {"time": (T0 + (5 - i) * 10**9), "machine": f"pump-{i % 2}", "bearing_temp_c": temp_c}
        for i, temp_c in enumerate(temps_c)
    ]
    readings[0]["bearing_temp_c"] = "hot"  # a row that is left out before the profile is asked
    body = msgspec.json.encode(readings)
    decoded = decode(body, content_type="application/json", machine=None, arrival_ns=T0)
    async with open_runtime() as runtime:
        receipts = await runtime.ingest(decoded, profile="industrial_pump")
    told = {reason.value: reason for receipt in receipts for reason in receipt.reasons}
    assert {value: told[value].row for value in ("hot", "5000", "6000")} == {
        "hot": 1,
        "5000": 3,
        "6000": 5,
    }
    assert told["5000"].message.startswith("Row 3: 'bearing_temp_c' is 5000, expected")


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("pump-1.csv", "time,bearing_temp_c\n", "{},{}"),
        ("pump-1.ndjson", "", '{{"time": {}, "bearing_temp_c": {}}}'),
    ],
)
async def test_a_long_files_rows_are_counted_through(
    open_runtime: OpenRuntime, tmp_path: Path, name: str, header: str, row: str
) -> None:
    n, wrong = 12 * PART_ROWS, 11 * PART_ROWS + 1_234
    times_s = range(T0 // 10**9 - n, T0 // 10**9)
    lines = [row.format(s, 5000 if i == wrong - 1 else 40) for i, s in enumerate(times_s)]
    path = tmp_path / name
    path.write_text(header + "\n".join(lines), encoding="utf-8")
    async with open_runtime() as runtime:
        job = Imports(runtime).start(path, ReadOptions(), profile="industrial_pump")
        assert job.task is not None
        await job.task
        assert {reason.row for reason in job.view().reasons} == {wrong}


async def test_a_sample_that_is_no_row_is_told_by_its_time(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        (receipt,) = await taken(runtime, share("a", bearing_temp_c=5000.0))
    told = receipt.reasons[1]
    assert told.row is None
    assert told.message.startswith("The sample of 2025-11-21T07:43:20.000Z: 'bearing_temp_c' is")
