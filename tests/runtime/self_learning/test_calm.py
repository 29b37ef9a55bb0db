"""Stretches of several recordings: how long they are, and their beginnings."""

from __future__ import annotations

from telltale.runtime.self_learning.calm import beginning, length_s, until
from telltale.runtime.training.job import Stretch

S = 1_000_000_000
TWO = (Stretch(0, 60 * S), Stretch(100 * S, 200 * S))


def test_pauses_are_no_part_of_the_length() -> None:
    assert length_s(TWO) == 160.0
    assert length_s(()) == 0.0


def test_a_beginning_ends_in_the_recording_in_which_it_is_full() -> None:
    assert beginning(TWO, 30.0) == [Stretch(0, 30 * S)]
    assert beginning(TWO, 60.0) == [Stretch(0, 60 * S)]
    assert beginning(TWO, 90.0) == [Stretch(0, 60 * S), Stretch(100 * S, 130 * S)]
    assert beginning(TWO, 1e6) == list(TWO)


def test_what_lies_before_a_time_is_kept() -> None:
    assert until(TWO, 150 * S) == (Stretch(0, 60 * S), Stretch(100 * S, 150 * S))
    assert until(TWO, 100 * S) == (Stretch(0, 60 * S),)
