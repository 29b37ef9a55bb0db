"""What InfluxDB's writers talk to: `/write`, `/api/v2/write`, `/ping`, and a polite `/query`.

Answers have InfluxDB's own shapes, so that Telegraf and the client libraries understand them: 204
once everything is committed, and a partial write named as such when a line had to be dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import telltale
from telltale.api.context import context_of
from telltale.api.problems import ApiError, status_of
from telltale.api.telemetry_in import decode_off_loop, keep
from telltale.api.wire import JSON, names_of, read_body
from telltale.errors import DecodeError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.influx import decode_influx, scale_of
from telltale.formats.raw_columns import BAD_ID, is_machine_id
from telltale.formats.tagged import MACHINE_TAGS, Naming
from telltale.runtime.receipt import Receipt

NAMES = ("measurement_field", "field")
DATABASE = "telltale"
MAX_QUERY_BYTES = 64 * 1024
_V2_PRECISIONS = ("", "ns", "us", "ms", "s")
_VERSION = {
    "X-Influxdb-Version": f"telltale-{telltale.__version__}",
    "X-Influxdb-Build": "telltale",
}
_CODES: Mapping[int, str] = {
    400: "invalid",
    404: "not found",
    413: "request too large",
    415: "unsupported media type",
    422: "unprocessable entity",
    503: "unavailable",
}
_MAKES = re.compile(r"\s*(create|alter)\s+(database|retention\s+policy)\b", re.IGNORECASE)
_SHOWS = re.compile(r"\s*show\s+databases\s*;?\s*", re.IGNORECASE)


async def write_v1(request: Request) -> Response:
    """Take line protocol as InfluxDB 1 does: `POST /write?db=...&precision=ns`."""
    return await _write(request, is_v2=False)


async def write_v2(request: Request) -> Response:
    """Take line protocol as InfluxDB 2 does: `POST /api/v2/write?org=...&bucket=...`."""
    return await _write(request, is_v2=True)


async def ping(_: Request) -> Response:
    """Say that the server is there, as clients ask before they write."""
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_VERSION)


async def query(request: Request) -> Response:
    """Answer what writers ask first; refuse to be queried, and say where to read instead."""
    text = request.query_params.get("q", "")
    if request.method == "POST" and not text:
        body = await read_body(request, MAX_QUERY_BYTES)
        text = next(iter(parse_qs(body.decode("utf-8", "replace")).get("q", ())), "")
    if _MAKES.match(text):
        return _json({"results": [{"statement_id": 0}]}, HTTPStatus.OK)
    if _SHOWS.fullmatch(text):
        series = [{"name": "databases", "columns": ["name"], "values": [[DATABASE]]}]
        return _json({"results": [{"statement_id": 0, "series": series}]}, HTTPStatus.OK)
    message = (
        "telltale takes line protocol but answers no InfluxQL. Read with GET "
        "/api/v1/machines/{machine}/telemetry."
    )
    return _failed(HTTPStatus.BAD_REQUEST, message, is_v2=False)


ROUTES: Sequence[Route] = (
    Route("/write", write_v1, methods=["POST"]),
    Route("/api/v2/write", write_v2, methods=["POST"]),
    Route("/ping", ping, methods=["GET", "HEAD"]),
    Route("/query", query, methods=["GET", "POST"]),
)


async def _write(request: Request, *, is_v2: bool) -> Response:
    context = context_of(request)
    try:
        precision = request.query_params.get("precision", "")
        _check_precision(precision, is_v2=is_v2)
        naming = _naming(request)
        body = await read_body(request, context.settings.max_body_bytes)
        decoded = await decode_off_loop(
            decode_influx,
            body,
            naming=naming,
            arrival_ns=context.runtime.clock(),
            precision=precision,
        )
        profile = request.query_params.get("profile")
        receipts = await keep(context, decoded, profile=profile, source="influx")
    except TelltaleError as error:
        status = status_of(error)
        context.meters.refused.labels(status=str(status)).inc()
        headers = error.headers if isinstance(error, ApiError) else {}
        return _failed(status, str(error), is_v2=is_v2, headers=headers)
    return _answer(decoded, receipts, is_v2=is_v2)


def _answer(decoded: Decoded, receipts: Sequence[Receipt], *, is_v2: bool) -> Response:
    """Return 204, or what was dropped: the rest of the body is committed."""
    accepted = sum(receipt.accepted for receipt in receipts)
    if receipts:  # the decoder's refusals count with the first
        rows = sum(receipt.rejected for receipt in receipts)
        values = sum(receipt.rejected_values for receipt in receipts)
    else:
        rows, values = decoded.rejected_rows, decoded.rejected_values
    if not rows and not values:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_VERSION)
    reasons = [reason for receipt in receipts for reason in receipt.reasons] or decoded.reasons
    said = reasons[0].message if reasons else "values were refused"
    if not accepted:
        return _failed(HTTPStatus.BAD_REQUEST, f"unable to parse: {said}", is_v2=is_v2)
    message = f"partial write: {said} dropped={rows or values}"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_v2 else HTTPStatus.BAD_REQUEST
    return _failed(status, message, is_v2=is_v2)


def _check_precision(precision: str, *, is_v2: bool) -> None:
    """Raise DecodeError for a precision that this version of the API does not know."""
    scale_of(precision)
    if is_v2 and precision not in _V2_PRECISIONS:
        raise DecodeError(f"Precision {precision!r} is unknown here. Use ns, us, ms or s.")


def _naming(request: Request) -> Naming:
    """Return the rule of a query: machine=, machine_tag=, channel=. Raises DecodeError."""
    machine = request.query_params.get("machine")
    if machine is not None and not is_machine_id(machine):
        raise DecodeError(f"{machine!r} {BAD_ID}")
    channel = request.query_params.get("channel", NAMES[0])
    if channel not in NAMES:
        raise DecodeError(f"channel={channel!r} is unknown. Use {' or '.join(NAMES)}.")
    tags = names_of(request.query_params.get("machine_tag")) or MACHINE_TAGS
    return Naming(machine, tags, has_measurement=channel == NAMES[0])


def _failed(
    status: int, message: str, *, is_v2: bool, headers: Mapping[str, str] | None = None
) -> Response:
    if is_v2:
        code = _CODES.get(status, "internal error" if status >= 500 else "invalid")
        return _json({"code": code, "message": message}, status, headers)
    shown = message.encode("ascii", "replace").decode().replace("\n", " ")[:400]
    return _json({"error": message}, status, {**(headers or {}), "X-Influxdb-Error": shown})


def _json(
    value: Mapping[str, object], status: int, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(value), status, {**_VERSION, **(headers or {})}, JSON)
