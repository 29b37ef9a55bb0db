"""Follows one limit over samples: when an episode opens, worsens and ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np

from telltale.batch import BoolArray, FloatArray, IntArray
from telltale.events import Event
from telltale.pipeline.causes import Causes
from telltale.pipeline.limit_rules import CRITICAL, PENDING, Episode, LimitRule
from telltale.pipeline.schmitt import latched


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one column that are all measured, at least one.

    Attributes:
        machine: Whose.
        time_ns, values: Shape (n,).
        holds: Where the rule's condition holds, shape (n,), elsewhere is inside; None if the rule
            has none.
        explained: Gives the causes of what a model found at one of them; None for other values.
    """

    machine: str
    time_ns: IntArray
    values: FloatArray
    holds: BoolArray | None
    explained: Callable[[int], Causes] | None = None


def follow(
    rule: LimitRule, samples: Samples, episode: Episode | None
) -> tuple[list[tuple[int, Event]], Episode | None]:
    """Follow one rule from the episode that was under way before the first sample.

    Returns:
        What opened, worsened or ended, each with its sample's index, and the episode under way
        after the last sample.
    """
    was_beyond = episode is not None and episode.is_beyond
    was_critical = episode is not None and episode.is_critical
    is_beyond = _beyond(rule, rule.mild, samples, was_beyond)
    if rule.severe is None:
        is_critical = np.zeros(len(is_beyond), dtype=np.bool_)
    else:
        is_critical = _beyond(rule, rule.severe, samples, was_critical)
    walk = _Walk(rule, samples, episode)
    turns = (is_beyond[1:] != is_beyond[:-1]) | (is_critical[1:] != is_critical[:-1])
    edges = [0, *(np.flatnonzero(turns) + 1).tolist(), len(is_beyond)]
    for start, stop in pairwise(edges):
        if is_beyond[start]:
            walk.beyond(start, stop, bool(is_critical[start]))
        else:
            walk.inside(start, stop)
    return walk.events, walk.episode


def _beyond(rule: LimitRule, bound: float, samples: Samples, before: bool) -> BoolArray:
    """Return where the value is beyond the bound, or not yet back by the hysteresis."""
    size, bound = samples.values * rule.sign, bound * rule.sign
    beyond, inside = size > bound, size <= bound - rule.hysteresis
    if samples.holds is not None:
        beyond, inside = beyond & samples.holds, inside | ~samples.holds
    return latched(beyond, inside, before)


class _Walk:
    """Goes over the stretches of one rule. Takes a step per change of state, not per sample."""

    def __init__(self, rule: LimitRule, samples: Samples, episode: Episode | None) -> None:
        self.rule, self.machine, self.time_ns = rule, samples.machine, samples.time_ns
        self.size = samples.values * rule.sign
        self.explained = samples.explained
        self.episode = episode
        self.events: list[tuple[int, Event]] = []

    def beyond(self, start: int, stop: int, is_critical: bool) -> None:
        """Take a stretch beyond the mild bound: may open, may worsen."""
        now_ns = int(self.time_ns[start])
        old = self.episode or Episode(now_ns, PENDING, -math.inf * self.rule.sign)
        critical_ns = old.critical_ns if old.is_critical else now_ns if is_critical else 0
        hold_ns, level = self.rule.hold_ns, old.level
        due: dict[int, int] = {}
        if level == PENDING:
            due[self._first(old.start_ns + hold_ns, start, stop)] = self.rule.opens_at
        if is_critical and level != CRITICAL:
            due[self._first(critical_ns + hold_ns, start, stop)] = CRITICAL
        worst, causes = old.worst * self.rule.sign, Causes(old.causes, old.because)
        for row in sorted(due):
            if row < stop:
                worst_here = max(worst, float(self.size[start : row + 1].max()))
                level = due[row]
                causes = causes if self.explained is None else self.explained(row)
                told = Episode(
                    old.start_ns,
                    level,
                    worst_here * self.rule.sign,
                    causes=causes.causes,
                    because=causes.because,
                )
                self.events.append((row, self.rule.event(self.machine, told)))
        worst = max(worst, float(self.size[start:stop].max()))
        self.episode = Episode(
            start_ns=old.start_ns,
            level=level,
            worst=worst * self.rule.sign,
            is_critical=is_critical,
            critical_ns=critical_ns if is_critical else 0,
            causes=causes.causes,
            because=causes.because,
        )

    def inside(self, start: int, stop: int) -> None:
        """Take a stretch inside: drops a pending episode, may end an open one."""
        old = self.episode
        if old is None or old.level == PENDING:
            self.episode = None
            return
        inside_ns = int(self.time_ns[start]) if old.is_beyond else old.inside_ns
        row = self._first(inside_ns + self.rule.clear_ns, start, stop)
        if row < stop:
            self.events.append((row, self.rule.event(self.machine, old, inside_ns)))
            self.episode = None
            return
        self.episode = msgspec.structs.replace(
            old, is_beyond=False, inside_ns=inside_ns, is_critical=False, critical_ns=0
        )

    def _first(self, due_ns: int, start: int, stop: int) -> int:
        """Return the first sample at or after a time; stop if there is none."""
        if self.time_ns[start] >= due_ns:
            return start
        return start + int(np.searchsorted(self.time_ns[start:stop], due_ns))
