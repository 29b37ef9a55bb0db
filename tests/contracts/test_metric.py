"""What every registered metric promises."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.pipeline.metrics import METRICS
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Metric
from tests.pipeline.streams import START_NS, batches, cuts, outcome, profile_of

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"

# Name: number of inputs, and settings that make the most of the function.
CASES: dict[str, list[tuple[int, dict[str, object]]]] = {
    "adaptive_bound": [(3, {"horizon_s": 0.3, "miss": 0.1, "rate": 0.5})],
    "count_changes": [(1, {})],
    "cusum": [(1, {"target": 3}), (1, {"target": 3, "spread": 20, "slack": 0})],
    "difference": [(1, {})],
    "energy_of_product": [(2, {"scale": 0.5, "max_gap_s": 5})],
    "episodes_above": [(1, {"level": 20, "hysteresis": 15, "min_s": 0.25})],
    "episodes_below": [(1, {"level": -20}), (1, {"level": 0, "hysteresis": 60})],
    "ewma": [(1, {"time_constant_s": 0.4})],
    "integral": [(1, {}), (1, {"scale": 2, "max_gap_s": 0.05})],
    "largest_jump": [(1, {"window_s": 0.75}), (1, {"window_s": 1e-9})],
    "linear": [(3, {"weights": [0.7, -1.1, 3], "offset": 0.3}), (1, {})],
    "magnitude": [(2, {}), (3, {"weights": [1, 0.1, 7]})],
    "path_length": [
        (1, {"window_s": 0.75}),
        (1, {"window_s": 0.75, "excess": True}),
        (1, {"window_s": 1e9, "excess": True}),
        (1, {"window_s": 1e-9}),
    ],
    "product": [(2, {"scale": 0.1})],
    "rate": [(1, {}), (1, {"window_s": 0.75}), (1, {"window_s": 1e-9}), (1, {"window_s": 120})],
    "ratio": [(2, {"min_denominator": 20})],
    "ratio_of_changes": [(2, {"min_change": 1}), (2, {"min_change": 1, "window_s": 0.75})],
    "rolling_max": [(1, {"window_s": 0.75}), (1, {"window_s": 1e9})],
    "rolling_mean": [(1, {"window_s": 0.75}), (1, {"window_s": 1e9})],
    "rolling_min": [(1, {"window_s": 0.75})],
    "rolling_std": [(1, {"window_s": 0.75}), (1, {"window_s": 1e9})],
    "running_energy_kwh": [(1, {})],
    "sum_of_squares": [(2, {"weights": [1, 0.5]})],
    "time_above": [(1, {"level": 10, "max_gap_s": 2})],
    "time_unchanged": [(1, {}), (3, {"max_gap_s": 0.5})],
}
EACH = [
    pytest.param(name, count, settings, id=f"{name}-{number}")
    for name, cases in CASES.items()
    for number, (count, settings) in enumerate(cases)
]


def pipeline_of(name: str, count: int, settings: dict[str, object]) -> Pipeline:
    inputs = tuple("abc"[:count])
    metric = Metric(title="It", unit="1", function=name, inputs=inputs, settings=settings)
    return Pipeline(profile_of(dict.fromkeys(inputs), {"it": metric}, fill_s=0.5))


@pytest.mark.parametrize(("name", "count", "settings"), EACH)
@given(data=st.data())
def test_cutting_the_stream_anywhere_changes_no_bit(
    name: str, count: int, settings: dict[str, object], data: st.DataObject
) -> None:
    pipeline = pipeline_of(name, count, settings)
    batch = data.draw(batches("abc"[:count]))
    edges = data.draw(cuts(len(batch)))
    whole = outcome(pipeline, batch, [0, len(batch)])
    assert outcome(pipeline, batch, edges, restarts=True) == whole


@pytest.mark.parametrize(("name", "count", "settings"), EACH)
@given(data=st.data())
def test_inputs_are_not_modified(
    name: str, count: int, settings: dict[str, object], data: st.DataObject
) -> None:
    batch = data.draw(batches("abc"[:count]))
    before = {column: values.tobytes() for column, values in batch.columns.items()}
    batch.time_ns.flags.writeable = False
    for values in batch.columns.values():
        values.flags.writeable = False
    outcome(pipeline_of(name, count, settings), batch, [0, len(batch)])
    assert {column: values.tobytes() for column, values in batch.columns.items()} == before


@pytest.mark.parametrize(("name", "count", "settings"), EACH)
def test_a_steady_stream_gives_numbers(name: str, count: int, settings: dict[str, object]) -> None:
    n = 200
    time_ns = START_NS + np.arange(n) * 20_000_000
    wave = 50.0 * np.sin(np.arange(n) / 7.0)
    columns = {
        column: wave + shift for column, shift in zip("abc"[:count], (1, 2, 3), strict=False)
    }
    result, _ = pipeline_of(name, count, settings).run(
        Batch("m", time_ns, columns), pipeline_of(name, count, settings).start()
    )
    share = np.isfinite(result.batch.columns["it"]).mean()
    assert share > 0.2 or settings.get("window_s") == 1e-9  # one sample has no slope
    assert result.events == ()


@pytest.mark.parametrize(("name", "count", "settings"), EACH)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_missing_all_nan_and_empty_columns_are_survived(
    name: str, count: int, settings: dict[str, object], n: int
) -> None:
    pipeline = pipeline_of(name, count, settings)
    nothing = {column: np.full(n, np.nan) for column in "abc"[:count]}
    state = pipeline.start()
    for start_ns, columns in ((START_NS, nothing), (START_NS + 10**9, {})):
        time_ns = start_ns + np.arange(n) * 1_000_000
        result, state = pipeline.run(Batch("m", time_ns, columns), state)
        assert np.isnan(result.batch.columns["it"]).all()
        assert result.batch.columns["it"].shape == (n,)
        assert result.events == ()


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_its_heading_in_the_reference(name: str) -> None:
    headings = re.findall(r"^### `(\w+)`", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings.count(name) == 1


def test_no_registered_metric_is_left_out() -> None:
    assert sorted(CASES) == sorted(METRICS)


def test_the_reference_has_no_heading_for_what_does_not_exist() -> None:
    headings = re.findall(r"^### `(\w+)`", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(METRICS)
