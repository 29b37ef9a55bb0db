"""Step "limits": one event per episode beyond a limit, with hysteresis, hold and clear times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray
from telltale.errors import ProfileError
from telltale.events import Event
from telltale.pipeline.base import Result
from telltale.pipeline.causes import Causes, causes_at
from telltale.pipeline.episodes import Samples, follow
from telltale.pipeline.limit_rules import Episode, LimitRule, rules_of
from telltale.pipeline.masks import anywhere, everywhere
from telltale.profiles.schema import Profile
from telltale.registry import suggest


class LimitsState(msgspec.Struct, frozen=True):
    """Episodes under way, pending or open, by the rule's key. The default means none."""

    episodes: dict[str, Episode] = {}


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The mildest bounds of all limited columns, so that one comparison clears them all."""

    names: tuple[str, ...]
    above: FloatArray  # (columns, 1)
    below: FloatArray


class CheckLimits:
    """Turns each stretch of samples beyond a limit into one event.

    The event is given when it opens, when it worsens to critical and when it ends, each time with
    the same key. A missing sample neither opens nor closes; a sample for which the rule's `when`
    does not hold counts as inside.
    """

    name = "limits"

    def __init__(self, profile: Profile) -> None:
        """Read the rules.

        Raises:
            ProfileError: A `when` names no channel or metric, or bounds contradict each other.
        """
        rules = [
            rule
            for name in profile.names
            for rule in rules_of(profile.id, name, profile.signal(name))
        ]
        for rule in rules:
            if rule.when and rule.when[0] not in profile.names:
                raise ProfileError(
                    f"{profile.id}: limits of {rule.name!r}: 'when' names {rule.when[0]!r}, "
                    f"which is no channel or metric. {suggest(rule.when[0], profile.names)}"
                )
        self._profile = profile
        self._rules = {rule.key: rule for rule in rules}
        self._bounds = _bounds(rules)

    def start(self) -> LimitsState:
        """Return the state before the first sample."""
        return LimitsState()

    def run(self, result: Result, state: LimitsState) -> tuple[Result, LimitsState]:
        """Find what opened, worsened or ended in one batch."""
        batch = result.batch
        beyond = self._beyond(batch)
        if not len(batch) or not (beyond or state.episodes):
            return result, state
        found: list[tuple[int, int, Event]] = []
        episodes = dict(state.episodes)
        for order, (key, rule) in enumerate(self._rules.items()):
            if key not in episodes and rule.name not in beyond:
                continue
            told, episode = self._follow(rule, result, episodes.get(key))
            found += [(row, order, event) for row, event in told]
            if episode is None:
                episodes.pop(key, None)
            else:
                episodes[key] = episode
        found.sort(key=lambda entry: entry[:2])
        events = (*result.events, *(event for _, _, event in found))
        return replace(result, events=events), LimitsState(episodes)

    def _beyond(self, batch: Batch) -> set[str]:
        """Return the columns that are beyond their mildest bound anywhere."""
        bounds = self._bounds
        if not bounds.names:
            return set()
        missing = np.full(len(batch), np.nan)
        values = np.array([batch.columns.get(name, missing) for name in bounds.names])
        beyond = (values > bounds.above) | (values < bounds.below)
        if not anywhere(beyond):
            return set()
        return {bounds.names[row] for row in np.flatnonzero(beyond.any(axis=1)).tolist()}

    def _follow(
        self, rule: LimitRule, result: Result, episode: Episode | None
    ) -> tuple[list[tuple[int, Event]], Episode | None]:
        """Follow one rule over the samples that say something about it."""
        batch = result.batch
        explained = self._explained(rule.name, result)
        values = batch.columns.get(rule.name)
        if values is None:
            return [], episode
        usable = np.isfinite(values)
        holds = _condition(rule, result, usable)
        if everywhere(usable):
            samples = Samples(batch.machine, batch.time_ns, values, holds, explained)
            return follow(rule, samples, episode)
        rows = np.flatnonzero(usable)
        if not len(rows):
            return [], episode
        holds = None if holds is None else holds[rows]
        at_rows = None if explained is None else lambda at: explained(int(rows[at]))
        samples = Samples(batch.machine, batch.time_ns[rows], values[rows], holds, at_rows)
        told, episode = follow(rule, samples, episode)
        return [(int(rows[at]), event) for at, event in told], episode

    def _explained(self, name: str, result: Result) -> Callable[[int], Causes] | None:
        """Return what gives the causes at a row of the batch, if a model gave this column."""
        if (because := result.because.get(name)) is not None:
            return lambda _: Causes((), because)
        evidence = result.evidence.get(name)
        if evidence is None:
            return None
        return lambda row: causes_at(evidence(np.array([row])), 0, self._profile)

    def open_events(self, machine: str, state: LimitsState) -> tuple[Event, ...]:
        """Return the open episodes as events, oldest first, each with its worst value so far."""
        events = [
            self._rules[key].event(machine, episode)
            for key, episode in state.episodes.items()
            if episode.level and key in self._rules
        ]
        return tuple(sorted(events, key=lambda event: (event.start_ns, event.key)))

    def sentence(self, event: Event, state: LimitsState, value: float, time_ns: int) -> str:
        """Return how an open episode stands after a channel's newest value, measured at time_ns."""
        for key, episode in state.episodes.items():
            rule = self._rules.get(key)
            if rule and episode.level and rule.event(event.machine, episode).key == event.key:
                return rule.sentence(episode, value, time_ns)
        return event.message  # of an episode that a failed write took back

    def pack(self, state: LimitsState) -> Any:
        """Return the episodes, each with its rule's fingerprint."""
        return {
            key: (self._rules[key].fingerprint, episode)
            for key, episode in state.episodes.items()
            if key in self._rules
        }

    def unpack(self, packed: msgspec.Raw) -> LimitsState:
        """Return the packed episodes, without those of rules that are no longer the same."""
        try:
            read = msgspec.msgpack.decode(packed, type=dict[str, tuple[str, Episode]])
        except msgspec.MsgspecError:
            return self.start()
        return LimitsState(
            {
                key: episode
                for key, (mark, episode) in read.items()
                if key in self._rules and self._rules[key].fingerprint == mark
            }
        )


def _bounds(rules: list[LimitRule]) -> _Bounds:
    names = tuple(dict.fromkeys(rule.name for rule in rules))
    above = np.full((len(names), 1), math.inf)
    below = np.full((len(names), 1), -math.inf)
    for rule in rules:
        side = above if rule.side == "above" else below
        side[names.index(rule.name)] = rule.mild
    return _Bounds(names, above, below)


def _condition(rule: LimitRule, result: Result, usable: BoolArray) -> BoolArray | None:
    """Return where the rule's `when` holds; where that is unknown, take the sample out of use."""
    if rule.when is None:
        return None
    name, side, level = rule.when
    columns: Mapping[str, FloatArray] = result.batch.columns
    values = result.aligned.get(name, columns.get(name))
    if values is None:
        usable[:] = False
        return None
    usable &= np.isfinite(values)
    holds: BoolArray = values > level if side == "above" else values < level
    return holds
