"""Long work tells how far it is, and ends where whoever listens says so."""

from __future__ import annotations

import contextlib

import pytest

from telltale.models.progress import Step, Stopped, go_on, heard_by, step


def test_a_step_is_heard_within_and_not_after() -> None:
    heard: list[Step | None] = []
    step(1, 3, "epoch")
    with heard_by(heard.append):
        step(2, 3, "epoch")
    step(3, 3, "epoch")
    assert heard == [Step(2, 3, "epoch")]
    assert str(heard[0]) == "epoch 2 of 3"


def test_work_that_catches_errors_ends_all_the_same() -> None:
    done = []

    def stop_at_two(told: Step | None) -> None:
        if told is not None and told.done == 2:
            raise Stopped

    def work() -> None:
        for number in range(5):
            with contextlib.suppress(Exception):
                step(number, 5, "round")
                done.append(number)

    with heard_by(stop_at_two), pytest.raises(Stopped):
        work()
    assert done == [0, 1]


def test_a_round_of_no_meaning_is_a_place_to_end_at() -> None:
    def stop(_: Step | None) -> None:
        raise Stopped

    go_on()
    with pytest.raises(Stopped), heard_by(stop):
        go_on()
