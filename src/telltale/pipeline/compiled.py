"""A profile's metrics, checked and compiled: wrong ones are found before the first reading."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import msgspec
import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import ProfileError, TelltaleError
from telltale.pipeline.metrics import METRICS
from telltale.profiles.schema import Metric, Profile
from telltale.registry import load, suggest


@dataclass(frozen=True, slots=True)
class CompiledMetric:
    """One metric of a profile, ready to run.

    Attributes:
        name, title: Of the metric in the profile.
        inputs: Columns it reads.
        function: From `METRICS`.
        settings: Checked and complete but for the function's own defaults.
        state_type: Its default is the state before the first sample.
        fingerprint: Changes when old states would be wrong.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    function: Callable[..., tuple[FloatArray, Any]]
    settings: Mapping[str, Any]
    state_type: type[Any]
    fingerprint: str

    def run(
        self, time_ns: IntArray, inputs: Sequence[FloatArray], state: Any
    ) -> tuple[FloatArray, Any]:
        """Call the function on rows that have all inputs, at least one row.

        Raises:
            ProfileError: It did not give one float64 for each row.
        """
        values, after = self.function(time_ns, *inputs, state=state, **self.settings)
        if values.shape != time_ns.shape or values.dtype != np.float64:
            raise ProfileError(f"gave {values.dtype} of shape {values.shape}, not one number a row")
        return values, after


def compiled_metrics(profile: Profile) -> tuple[CompiledMetric, ...]:
    """Return the profile's metrics, checked.

    Raises:
        ProfileError: Unknown function, input or setting, or a value that does not fit; the
            message names the metric and the nearest valid one.
    """
    known = dict.fromkeys(profile.channels, "")
    compiled = []
    for name, metric in profile.metrics.items():
        try:
            ready = _compiled(name, metric, known)
        except TelltaleError as error:
            raise ProfileError(f"{profile.id}: metric {name!r}: {error}") from None
        compiled.append(ready)
        known[name] = ready.fingerprint
    return tuple(compiled)


def _compiled(name: str, metric: Metric, known: Mapping[str, str]) -> CompiledMetric:
    """Compile one metric; known holds the columns before it, with a metric's fingerprint."""
    for column in metric.inputs:
        if column not in known:
            raise ProfileError(
                f"no channel, and no metric before it, is named {column!r}. "
                f"{suggest(column, known)}"
            )
    function = load(METRICS, metric.function, group="telltale.metrics", error=ProfileError)
    hints = get_type_hints(function, include_extras=True)
    _check_input_count(function, metric)
    ready = CompiledMetric(
        name,
        metric.title,
        metric.inputs,
        function,
        _settings(function, hints, metric),
        hints["state"],
        fingerprint(metric.function, [(i, known[i]) for i in metric.inputs], metric.settings),
    )
    _try_out(ready)
    return ready


def _check_input_count(function: Callable[..., Any], metric: Metric) -> None:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    wanted = [p.name for p in parameters if p.name != "state" and p.kind == p.POSITIONAL_OR_KEYWORD]
    is_any_number = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    given = len(metric.inputs)
    if not given or (given != len(wanted) and not is_any_number):
        expected = "at least 1 input" if is_any_number else f"inputs {', '.join(wanted)}"
        raise ProfileError(f"{metric.function} takes {expected}, but {given} are given.")


def _settings(
    function: Callable[..., Any], hints: Mapping[str, Any], metric: Metric
) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    known = [p for p in parameters if p.kind == p.KEYWORD_ONLY and p.name != "state"]
    names = [p.name for p in known]
    for name in metric.settings:
        if name not in names:
            raise ProfileError(f"{metric.function} has no setting {name!r}. {suggest(name, names)}")
    for p in known:
        if p.default is p.empty and p.name not in metric.settings:
            raise ProfileError(f"{metric.function} needs the setting {p.name!r}. Add it.")
    checked = {}
    for name, value in metric.settings.items():
        try:
            checked[name] = msgspec.convert(value, hints[name])
        except msgspec.ValidationError as error:
            raise ProfileError(f"setting {name!r} = {value!r}: {error}.") from None
    return checked


def _try_out(metric: CompiledMetric) -> None:
    """Run a metric on one sample, so that what cannot work is found when the profile is read."""
    inputs = [np.ones(1) for _ in metric.inputs]
    try:
        with np.errstate(all="ignore"):
            metric.run(np.zeros(1, dtype=np.int64), inputs, metric.state_type())
    except TelltaleError:
        raise
    except Exception as error:
        raise ProfileError(f"cannot run on a first sample: {error}") from error


def fingerprint(*what: Any) -> str:  # Any: whatever decides how a state was computed
    """Return a short text that changes when any of these changes."""
    return hashlib.blake2b(msgspec.json.encode(what, order="sorted"), digest_size=8).hexdigest()
