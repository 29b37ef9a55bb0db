"""What a label may say, by itself and beside others."""

from __future__ import annotations

import msgspec
import pytest

from telltale.labels import (
    ContradictionError,
    Label,
    LabelError,
    LabelKind,
    check_label,
    fault_word,
)

S = 1_000_000_000
CALM = Label("pump-1", 100 * S, 200 * S, LabelKind.NORMAL, id=1)
WORN = Label("pump-1", 300 * S, 400 * S, LabelKind.FAULT, "worn_bearing", id=2)
BROKE = Label("pump-1", 400 * S, 400 * S, LabelKind.FAILURE, "worn_bearing", id=3)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        (Label("m", 2, 1, LabelKind.NORMAL), "ends before it begins"),
        (Label("m", 1, 1, LabelKind.FAULT, "x"), "ends before it begins"),
        (Label("m", 1, 2, LabelKind.FAILURE), "A failure is an instant"),
        (Label("m", 1, 2, LabelKind.FAULT), "A fault needs a name"),
        (Label("m", 1, 2, LabelKind.NORMAL, "worn"), "'worn' is one"),
        (Label("m", 1, 2, LabelKind.FAULT, "worn bearing"), "must be one word"),
        (Label("m", 1, 2, LabelKind.FAULT, "x" * 41), "must be one word"),
        (Label("m", 1, 2, LabelKind.NORMAL, note="x" * 501), "at most 500 printable"),
        (Label("m", 1, 2, LabelKind.NORMAL, note="a\nb"), "printable"),
    ],
)
def test_a_label_that_says_nothing_sound_is_refused_with_the_reason(
    label: Label, told: str
) -> None:
    with pytest.raises(LabelError, match=told):
        check_label(label, [])


@pytest.mark.parametrize(("start_s", "end_s"), [(199, 300), (0, 101), (0, 500), (120, 130)])
def test_a_fault_over_what_is_labelled_normal_is_refused_and_the_other_named(
    start_s: int, end_s: int
) -> None:
    fault = Label("pump-1", start_s * S, end_s * S, LabelKind.FAULT, "worn_bearing")
    with pytest.raises(ContradictionError, match=r"Label 1 says that pump-1 was normal from 1970"):
        check_label(fault, [WORN, CALM])


def test_a_failure_within_what_was_normal_is_refused_and_normal_around_a_failure_too() -> None:
    within = msgspec.structs.replace(BROKE, start_ns=150 * S, end_ns=150 * S)
    with pytest.raises(ContradictionError, match="Label 1"):
        check_label(within, [CALM])
    around = msgspec.structs.replace(CALM, start_ns=350 * S, end_ns=450 * S)
    with pytest.raises(ContradictionError, match="Label 3 says that pump-1 failed at"):
        check_label(around, [BROKE])


def test_stretches_that_touch_and_faults_at_once_do_not_contradict() -> None:
    others = [CALM, WORN]
    touching = Label("pump-1", 200 * S, 300 * S, LabelKind.FAULT, "worn_bearing")
    second = Label("pump-1", 350 * S, 380 * S, LabelKind.FAULT, "leak")
    at_the_end = Label("pump-1", 200 * S, 200 * S, LabelKind.FAILURE)
    for label in (touching, second, at_the_end, BROKE):
        assert check_label(label, others) is None


def test_what_says_the_same_is_the_label_that_is_kept() -> None:
    assert check_label(msgspec.structs.replace(CALM, id=0, note="again"), [WORN, CALM]) is CALM


def test_a_fault_is_written_as_one_word() -> None:
    assert fault_word(" Worn Bearing-outer ") == "worn_bearing_outer"
