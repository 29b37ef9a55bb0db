"""Which stretches a training reads: joined where they touch, less what is labelled as a fault."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import ModelError
from telltale.labels import Label, LabelKind
from telltale.runtime.training.job import MAX_STRETCHES, Stretch
from telltale.runtime.training.material import checked, merged, without

ends = st.tuples(st.integers(0, 40), st.integers(1, 15)).map(lambda e: Stretch(e[0], sum(e)))


def fault(stretch: Stretch) -> Label:
    return Label("pump-1", stretch.start_ns, stretch.end_ns, LabelKind.FAULT, "worn")


def moments(stretches: list[Stretch]) -> set[int]:
    return {at for one in stretches for at in range(one.start_ns, one.end_ns)}


@settings(deadline=None)
@given(st.lists(ends, max_size=6), st.lists(ends, max_size=6))
def test_each_moment_is_read_once_unless_it_is_of_a_fault(
    stretches: list[Stretch], faults: list[Stretch]
) -> None:
    left = without(merged(stretches), map(fault, faults))
    assert moments(left) == moments(stretches) - moments(faults)
    assert sum(one.end_ns - one.start_ns for one in left) == len(moments(left))
    assert left == sorted(left, key=lambda one: one.start_ns)


def test_what_is_no_stretch_and_too_many_are_refused() -> None:
    with pytest.raises(ModelError, match="Exchange 'from' and 'to'"):
        checked([Stretch(2, 2)])
    with pytest.raises(ModelError, match=f"at most {MAX_STRETCHES}"):
        checked([Stretch(0, 1)] * (MAX_STRETCHES + 1))
