"""Readings of many machines in one request: one decoding, one commit, one receipt per machine."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from telltale.api.context import context_of
from telltale.api.problems import problem, status_of
from telltale.api.telemetry_in import content_type_of, decode_off_loop, keep
from telltale.api.wire import read_body, reply
from telltale.errors import TelltaleError
from telltale.formats.base import Decoded, Rejection
from telltale.formats.fleet_body import decode_fleet
from telltale.runtime.receipt import Receipt, undecoded


class FleetReceipt(msgspec.Struct, frozen=True):
    """What became of readings of many machines.

    Attributes:
        accepted, rejected, rejected_values: Of all together.
        reasons, warnings: Of what could not be read, and so has no machine's receipt.
        machines: One receipt each.
    """

    accepted: int
    rejected: int
    rejected_values: int
    reasons: tuple[Rejection, ...]
    warnings: tuple[str, ...]
    machines: tuple[Receipt, ...]


async def push_fleet(request: Request) -> Response:
    """Take readings of many machines; see `POST /telemetry`."""
    context = context_of(request)
    try:
        content_type = content_type_of(request)
        body = await read_body(request, context.settings.max_body_bytes)
        arrival_ns = context.runtime.clock()
        decoded = await decode_off_loop(
            decode_fleet, body, content_type=content_type, arrival_ns=arrival_ns
        )
        profile = request.query_params.get("profile")
        receipts = await keep(context, decoded.without_refusals(), profile=profile, source="http")
    except TelltaleError as error:
        context.meters.refused.labels(status=str(status_of(error))).inc()
        raise
    receipt = _whole(receipts, decoded)
    context.meters.rejected.inc(decoded.rejected_rows)
    if receipt.accepted == 0:
        context.meters.refused.labels(status="422").inc()
        return _nothing_kept(request, receipt)
    return reply(receipt)


def _whole(receipts: list[Receipt], decoded: Decoded) -> FleetReceipt:
    unread = undecoded("", decoded)
    return FleetReceipt(
        accepted=sum(receipt.accepted for receipt in receipts),
        rejected=unread.rejected + sum(receipt.rejected for receipt in receipts),
        rejected_values=unread.rejected_values + sum(r.rejected_values for r in receipts),
        reasons=unread.reasons,
        warnings=unread.warnings,
        machines=tuple(receipts),
    )


def _nothing_kept(request: Request, receipt: FleetReceipt) -> Response:
    reasons = [*receipt.reasons, *(reason for r in receipt.machines for reason in r.reasons)]
    first = reasons[0].message if reasons else "It holds no reading."
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"The body was read, but nothing of it could be kept. {first}",
        path=request.url.path,
        known=msgspec.structs.asdict(receipt),
    )
