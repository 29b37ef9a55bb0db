"""Simulators: what a simulated machine does, and which of its faults are switched on."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Context, Shared
from telltale.api.problems import ApiError
from telltale.api.wire import answers, body_as, reply, takes
from telltale.runtime.notes import simulation_told
from telltale.simulators.base import Simulator, check_severity
from telltale.sources.simulator import SimulatorSource

router = APIRouter(tags=["simulators"])

Severity = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class FaultView(msgspec.Struct, frozen=True):
    """One fault; `severity` is what was set, 0 is off."""

    name: str
    title: str
    description: str
    on: bool
    severity: float


class SimulatorView(msgspec.Struct, frozen=True):
    """What a simulated machine does and could do."""

    scenario: str
    scenarios: list[str]
    faults: list[FaultView]


class SimulatorChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Do this scenario; let these faults develop to these severities, 0 repairs."""

    scenario: str | None = None
    faults: dict[str, Severity] = {}


@router.get(
    "/machines/{machine}/simulator",
    responses=answers(SimulatorView),
    summary="Scenario and faults of a simulated machine",
)
async def get_simulator(machine: str, shared: Shared) -> Response:
    """Return what can be switched, and how it stands."""
    return reply(_view(_simulator(shared, machine)))


@router.patch(
    "/machines/{machine}/simulator",
    responses=answers(SimulatorView),
    openapi_extra=takes(SimulatorChange),
    summary="Change the scenario, switch faults on and off",
)
async def change_simulator(machine: str, request: Request, shared: Shared) -> Response:
    """Change all of what the body names, or nothing if one of it is unknown."""
    simulator = _simulator(shared, machine)
    change = await body_as(request, SimulatorChange, max_bytes=shared.settings.max_request_bytes)
    for name, severity in change.faults.items():
        check_severity(machine, name, severity, simulator.faults)
    before = simulator.scenario, simulator.severities()
    if change.scenario is not None:
        simulator.set_scenario(change.scenario)
    for name, severity in change.faults.items():
        simulator.set_fault(name, severity)
    for what, message in simulation_told(simulator, *before):
        shared.runtime.fleet.note(machine, what, message)
    return reply(_view(simulator))


def _simulator(shared: Context, machine: str) -> Simulator:
    shared.runtime.machine(machine)
    for source in shared.runtime.feeds.all():
        if isinstance(source, SimulatorSource) and source.machine == machine:
            return source.simulator
    raise ApiError(404, f"{machine!r} is not fed by a simulator now.")


def _view(simulator: Simulator) -> SimulatorView:
    severities = simulator.severities()
    return SimulatorView(
        scenario=simulator.scenario,
        scenarios=list(simulator.scenarios),
        faults=[
            FaultView(
                name=fault.name,
                title=fault.title,
                description=fault.description,
                on=severities[fault.name] > 0,
                severity=severities[fault.name],
            )
            for fault in simulator.faults
        ],
    )
