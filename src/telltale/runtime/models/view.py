"""How the models of a machine are shown: state, progress, version, what they give."""

from __future__ import annotations

from typing import Any

import msgspec

from telltale.events import Freshness
from telltale.models.base import ModelState
from telltale.models.card import Card, Threshold
from telltale.pipeline.run_times import RunTime
from telltale.pipeline.shadows import Difference
from telltale.profiles.schema import Output
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.shelf import Deployed, card_of, in_role
from telltale.store.base import Deployment, KeptModel, Role


class ShadowView(msgspec.Struct, frozen=True):
    """The model that is tried beside the active one, and how it differs from it so far."""

    model: int
    version: int
    since_ns: int
    problem: str | None
    difference: Difference | None


class ForecastView(msgspec.Struct, frozen=True):
    """What a forecast is of: `output` says what `channel` will be `horizon_s` later."""

    output: str
    channel: str
    horizon_s: float


class RunTimeView(msgspec.Struct, frozen=True):
    """How long a model takes since it runs here, or since the start.

    Attributes:
        runs, rows: How often it was asked, and about how many samples.
        mean_ms, longest_ms: Of one run; a run is of one sample live, of many in an import.
        mean_row_us: Of one sample.
    """

    runs: int
    rows: int
    mean_ms: float
    longest_ms: float
    mean_row_us: float


class MachineModelView(msgspec.Struct, frozen=True):
    """One model of a machine.

    Attributes:
        name, title, task: Of its card.
        state: How it is; `reason` says why in one sentence unless it is ready.
        seen, needed: Samples in its window, and how many there must be for an answer.
        model: Its number among all models; 0 for one that telltale brings along.
        version, origin, since_ns: Which version, where it is from, since when it runs here.
        is_simulated: It learnt from simulated data.
        inputs: What it reads.
        outputs: What it gives, by column.
        values: Their newest values.
        threshold: How its limit was set.
        failures: How often it could not be asked.
        shadow: What is tried beside it.
        forecast: What it is a forecast of, and how far ahead; null of any other model.
        run_time: How long it takes; null before the first run.
    """

    name: str
    title: str
    task: str
    state: ModelState
    reason: str
    seen: int
    needed: int
    model: int
    version: int
    origin: str
    since_ns: int
    is_simulated: bool
    inputs: tuple[str, ...]
    outputs: dict[str, Output]
    values: dict[str, float]
    threshold: Threshold | None
    failures: int
    shadow: ShadowView | None = None
    forecast: ForecastView | None = None
    run_time: RunTimeView | None = None


class ModelVersionView(msgspec.Struct, frozen=True):
    """One kept version of a model, and where it runs."""

    number: int
    machine: str
    name: str
    version: int
    origin: str
    created_ns: int
    title: str
    task: str
    is_simulated: bool
    licence: str
    runs_on: tuple[dict[str, str], ...]
    card: Any = None  # Any: a `Card`, when one version is asked for


def machine_models(live: LiveMachine) -> list[MachineModelView]:
    """Return the models of a machine, by name."""
    deployed = live.tools.deployed
    shadows = in_role(deployed, Role.SHADOW)
    return [
        _view(live, one, shadows.get(name)) for name, one in in_role(deployed, Role.ACTIVE).items()
    ]


def version_view(
    kept: KeptModel, deployments: list[Deployment], *, has_card: bool = False
) -> ModelVersionView:
    """Return a kept version; with its whole card if asked."""
    card = card_of(kept)
    return ModelVersionView(
        number=kept.number,
        machine=kept.machine,
        name=kept.name,
        version=kept.version,
        origin=kept.origin,
        created_ns=kept.created_ns,
        title=card.title,
        task=card.task,
        is_simulated=card.training.is_simulated,
        licence=card.licence,
        runs_on=tuple(
            {"machine": one.machine, "role": one.role.value}
            for one in deployments
            if one.model == kept.number
        ),
        card=card if has_card else None,
    )


def _view(live: LiveMachine, one: Deployed, shadow: Deployed | None) -> MachineModelView:
    card = one.card
    state, reason, seen, needed, failures = _state(live, one)
    return MachineModelView(
        name=one.deployment.name,
        title=card.title,
        task=card.task,
        state=state,
        reason=reason,
        seen=seen,
        needed=needed,
        model=one.kept.number,
        version=one.kept.version,
        origin=one.kept.origin,
        since_ns=one.deployment.since_ns,
        is_simulated=card.training.is_simulated,
        inputs=tuple(card.inputs),
        outputs=card.outputs,
        values={name: live.values[name] for name in card.outputs if name in live.values},
        threshold=card.threshold,
        failures=failures,
        shadow=None if shadow is None else _shadow(live, shadow),
        forecast=forecast_of(card),
        run_time=None
        if one.model is None
        else _run_time(live.pipeline.run_time(one.deployment.name)),
    )


def _run_time(time: RunTime) -> RunTimeView | None:
    if not time.runs:
        return None
    return RunTimeView(
        runs=time.runs,
        rows=time.rows,
        mean_ms=round(1e3 * time.seconds / time.runs, 4),
        longest_ms=round(1e3 * time.longest_s, 4),
        mean_row_us=round(1e6 * time.seconds / max(1, time.rows), 3),
    )


def forecast_of(card: Card) -> ForecastView | None:
    """Return what a card's forecast is of; None if it is no forecast, or does not say how far."""
    output = next((name for name in card.core_outputs if name in card.outputs), None)
    horizon_s = next(
        (found for f in card.after.values() if (found := f.settings.get("horizon_s"))), None
    )
    if card.task != "forecast" or output is None or horizon_s is None:
        return None
    channel = card.settings.get("anchor") or card.columns[0]
    return ForecastView(output, str(channel), float(horizon_s))


def _shadow(live: LiveMachine, shadow: Deployed) -> ShadowView:
    name = shadow.deployment.name
    return ShadowView(
        model=shadow.kept.number,
        version=shadow.kept.version,
        since_ns=shadow.deployment.since_ns,
        problem=shadow.problem,
        difference=live.pipeline.difference(name, live.state),
    )


def _state(live: LiveMachine, one: Deployed) -> tuple[ModelState, str, int, int, int]:
    """Return state, reason, samples seen and needed, and failures."""
    if one.model is None:
        return ModelState.FAILED, one.problem or "", 0, 0, 0
    name = one.deployment.name
    seen, needed = live.pipeline.progress(name, live.state)
    failures = live.pipeline.failures(name, live.state)
    has_answered = any(output in live.values for output in one.card.outputs)
    if failures and not has_answered:
        reason = f"It could not be asked, {failures} times so far. The machine's events say why."
        return ModelState.FAILED, reason, seen, needed, failures
    if missing := _missing(live, one.card):
        reason = f"Waits for {', '.join(missing)}: no reading of it has come."
        return ModelState.LEARNING, reason, seen, needed, failures
    if seen < needed or not has_answered:
        return ModelState.LEARNING, f"{seen} of {needed} samples seen.", seen, needed, failures
    if live.freshness() is Freshness.STALE:
        return ModelState.STALE, "No reading comes any more.", seen, needed, failures
    return ModelState.READY, "", seen, needed, failures


def _missing(live: LiveMachine, card: Card) -> list[str]:
    return [live.profile.signal(name).title for name in card.inputs if name not in live.values]
