"""Machines: what is watched and how it is."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import PREFIX, Shared
from telltale.api.in_use import uses
from telltale.api.problems import ApiError
from telltale.api.wire import answers, body_as, reply, takes
from telltale.errors import DecodeError
from telltale.runtime.machine_view import MachineView, machine_view

router = APIRouter(tags=["machines"])

MAX_TEXT = 200  # characters of a title or a place


class MachineList(msgspec.Struct, frozen=True):
    """All machines, worst first."""

    machines: list[MachineView]


class MachineChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change; what is absent stays."""

    title: str | None = None
    place: str | None = None
    profile: str | None = None


class MachineRegistration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A machine that has not sent anything yet."""

    profile: str
    title: str | None = None
    place: str | None = None


@router.get("/machines", responses=answers(MachineList), summary="All machines, worst first")
async def list_machines(shared: Shared) -> Response:
    """Return every machine with state, newest values and open events."""
    now_ns = shared.runtime.clock()
    return reply(MachineList([machine_view(live, now_ns) for live in shared.runtime.machines()]))


@router.get("/machines/{machine}", responses=answers(MachineView), summary="One machine")
async def get_machine(machine: str, shared: Shared) -> Response:
    """Return one machine with state, newest values and open events."""
    runtime = shared.runtime
    return reply(machine_view(runtime.machine(machine), runtime.clock()))


@router.patch(
    "/machines/{machine}",
    responses=answers(MachineView),
    openapi_extra=takes(MachineChange),
    summary="Rename a machine, move it, give it another profile",
)
async def change_machine(machine: str, request: Request, shared: Shared) -> Response:
    """Change what the body names. A new profile starts the machine's state anew."""
    change = await body_as(request, MachineChange, max_bytes=shared.settings.max_request_bytes)
    check_texts(title=change.title, place=change.place)
    live = await shared.runtime.fleet.change(
        machine, title=change.title, place=change.place, profile=change.profile
    )
    return reply(machine_view(live, shared.runtime.clock()))


@router.put(
    "/machines/{machine}",
    responses=answers(MachineView),
    openapi_extra=takes(MachineRegistration),
    summary="Register a machine beforehand",
)
async def register_machine(machine: str, request: Request, shared: Shared) -> Response:
    """Register a machine; one that exists with the same profile takes title and place."""
    wish = await body_as(request, MachineRegistration, max_bytes=shared.settings.max_request_bytes)
    check_texts(title=wish.title, place=wish.place)
    known = {live.machine.id: live.machine.profile for live in shared.runtime.machines()}
    if known.get(machine, wish.profile) != wish.profile:
        raise ApiError(
            409,
            f"{machine!r} exists with profile {known[machine]!r}. "
            "Use PATCH to give it another one.",
        )
    if machine in known:
        live = await shared.runtime.fleet.change(machine, title=wish.title, place=wish.place)
    else:
        live = await shared.runtime.fleet.register(
            machine, profile=wish.profile, title=wish.title, place=wish.place or ""
        )
    return reply(machine_view(live, shared.runtime.clock()), 200 if machine in known else 201)


@router.delete(
    "/machines/{machine}", status_code=204, summary="Remove a machine and all that is kept of it"
)
async def remove_machine(machine: str, shared: Shared, *, stop: bool = False) -> Response:
    """Remove it: 409 while something plays into it or out of it, unless `stop` ends that first."""
    shared.runtime.machine(machine)
    running = list(uses(shared, machine))
    if running and not stop:
        raise ApiError(
            409,
            f"{machine!r} is in use by {', '.join(use.what for use in running)}. Stop that first, "
            f"or let it be stopped: DELETE {PREFIX}/machines/{machine}?stop=true, "
            f"`telltale machines remove {machine} --stop`.",
        )
    for use in running:
        await use.stop()
    removed = await shared.runtime.fleet.remove(machine)
    shared.today.removed(removed.rows)
    return Response(status_code=204)


def check_texts(**texts: str | None) -> None:
    """Refuse texts that no list could show. Raises DecodeError."""
    for name, text in texts.items():
        if text is not None and (len(text) > MAX_TEXT or not text.isprintable()):
            raise DecodeError(f"{name} must be at most {MAX_TEXT} printable characters.")
