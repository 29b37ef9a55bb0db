"""Labels: what people know about stretches of a machine's time. Models learn from them."""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, body_as, reply, takes, time_ns_or
from telltale.labels import Label, LabelError, LabelKind, fault_word
from telltale.runtime.training.job import TrainingView
from telltale.runtime.training.labelling import KnownFault

router = APIRouter(tags=["models"])


class LabelWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """What is known of a machine's time.

    Attributes:
        kind: "normal", "fault" or "failure".
        start: Where the stretch begins; of a failure its moment, by default the newest reading.
        to: Where it ends, by default after the newest reading; none for a failure.
        fault: Its name, one word: needed for a fault, may be told of a failure.
        note: For people.
        update: Let the machine's own detectors learn from it at once.
    """

    kind: Literal["normal", "fault", "failure"]
    start: str | int | None = None
    to: str | int | None = None
    fault: str = ""
    note: str = ""
    update: bool = True


class LabelAnswer(msgspec.Struct, frozen=True):
    """A label that is kept, and what is being done about it.

    Attributes:
        label: As it is kept.
        hint: The known fault that may have been meant; "" if none.
        update: The training that learns from it, followed by its id; a machine with several
            detectors has one for each, see `GET /api/v1/trainings`. Null where nothing learns.
        told: What is being done, one sentence.
    """

    label: Label
    hint: str
    update: TrainingView | None
    told: str


class LabelList(msgspec.Struct, frozen=True):
    """A machine's labels, the newest stretch first, and the faults that have a name."""

    labels: list[Label]
    faults: list[KnownFault]


@router.post(
    "/machines/{machine}/labels",
    status_code=201,
    responses=answers(LabelAnswer),
    openapi_extra=takes(LabelWish),
    summary="Say what a stretch was: normal, a fault, or a failure",
)
async def add_label(machine: str, request: Request, shared: Shared) -> Response:
    """Keep a label: 409 if it contradicts another. The same label again is kept once."""
    wish = await body_as(request, LabelWish, max_bytes=shared.settings.max_request_bytes)
    live, now_ns = shared.runtime.machine(machine), shared.runtime.fleet.clock()
    added = await shared.runtime.labels.add(_label(machine, wish, live.last_time_ns, now_ns))
    update = added.jobs[0].view() if added.jobs else None
    return reply(LabelAnswer(added.label, added.hint, update, added.told), 201)


@router.get(
    "/machines/{machine}/labels",
    responses=answers(LabelList),
    summary="A machine's labels, newest stretch first",
)
async def list_labels(machine: str, shared: Shared) -> Response:
    """Return the labels, and the names of faults that are known for such machines."""
    live = shared.runtime.machine(machine)
    labels = shared.runtime.labels
    return reply(LabelList(await labels.of_machine(machine), await labels.known_faults(live)))


@router.delete("/labels/{label}", status_code=204, summary="Remove a label")
async def remove_label(label: int, shared: Shared) -> Response:
    """Remove one label. Models that learnt from it stay as they are."""
    await shared.runtime.labels.remove(label)
    return Response(status_code=204)


def _label(machine: str, wish: LabelWish, last_ns: int, now_ns: int) -> Label:
    """Return the label that is wished. Raises LabelError, DecodeError."""
    kind = LabelKind(wish.kind)
    if kind is LabelKind.FAILURE:
        if wish.to is not None:
            raise LabelError("A failure is an instant: give 'from' alone.")
        start_ns = end_ns = _failed_ns(machine, wish, last_ns, now_ns)
    elif wish.start is None or wish.start == "":
        raise LabelError("'from' is missing: where the stretch begins.")
    else:
        start_ns, end_ns = time_ns_or(wish.start, 0), time_ns_or(wish.to, last_ns + 1)
    fault = fault_word(wish.fault)
    return Label(machine, start_ns, end_ns, kind, fault, wish.note, wish.update)


def _failed_ns(machine: str, wish: LabelWish, last_ns: int, now_ns: int) -> int:
    """Return when a machine failed. Raises LabelError, DecodeError."""
    if last_ns == 0 and (wish.start is None or wish.start == ""):
        raise LabelError(
            f"{machine} has no readings yet, so there is no newest one to fail at. Give 'from'."
        )
    failed_ns = time_ns_or(wish.start, last_ns)
    if failed_ns > max(last_ns, now_ns):
        raise LabelError("The failure lies in the future. Give as 'from' when the machine failed.")
    return failed_ns
