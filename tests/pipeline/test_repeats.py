"""A sample that comes again is worked out once, however the stream is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, concat
from telltale.pipeline.repeats import last_row, without_repeats
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Metric
from tests.pipeline.streams import column, cuts, profile_of, seconds

NAN = np.nan
MEAN = Metric("Mean", "1", "rolling_mean", ("a",), {"window_s": 10})


def test_readings_sent_again_change_nothing() -> None:
    pipeline = Pipeline(profile_of({"a": None}, {"mean": MEAN}))
    sent = Batch("m", seconds(1, 2, 3), {"a": column(0, 0, 9)})
    _, once = pipeline.run(sent, pipeline.start())
    result, twice = pipeline.run(pipeline.fresh(sent, once), once)
    assert result.late is not None
    assert (len(result.late), len(result.batch)) == (2, 0)
    assert pipeline.encode(twice) == pipeline.encode(once)


def test_a_correction_and_another_channel_at_the_same_time_are_no_repeats() -> None:
    newest = {"a": 1.0}
    batch = Batch("m", seconds(5, 5), {"a": column(2, NAN), "b": column(NAN, 3)})
    assert without_repeats(batch, int(seconds(5)[0]), newest) is batch


@given(data=st.data())
def test_what_is_taken_out_does_not_depend_on_the_cut(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 12))
    values = st.lists(st.sampled_from([NAN, 0.0, 1.0]), min_size=n, max_size=n)
    columns = {name: np.array(data.draw(values), dtype=np.float64) for name in "ab"}
    times = sorted(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    batch = Batch("m", np.array(times, dtype=np.int64), columns)
    held = batch.where(~(np.isnan(columns["a"]) & np.isnan(columns["b"])))
    newest_ns: int | None = None
    newest: dict[str, float] = {}
    pieces = [held.rows(0, 0)]
    for start, stop in pairwise(data.draw(cuts(len(held)))):
        piece = without_repeats(held.rows(start, stop), newest_ns, newest)
        pieces.append(piece)
        if len(piece):
            newest_ns, newest = int(piece.time_ns[-1]), last_row(piece)
    cut, whole = concat(pieces), without_repeats(held, None, {})
    assert cut.time_ns.tolist() == whole.time_ns.tolist()
    for name in "ab":
        assert cut.columns[name].tobytes() == whole.columns[name].tobytes()
