"""Torque's upload: `GET /torque` with one reading in its query, answered `OK!` when it is kept.

The app takes any other answer as a failure and sends the reading again.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telltale.api.context import context_of
from telltale.api.guard import OTHER_SITES
from telltale.api.problems import ApiError, status_of
from telltale.api.telemetry_in import keep
from telltale.errors import DecodeError, TelltaleError
from telltale.formats.assemble import to_decoded
from telltale.formats.base import Decoded
from telltale.formats.raw_columns import BAD_ID, RawColumns, is_machine_id
from telltale.formats.refusals import Refusals
from telltale.formats.torque import Described, values_of

OK = "OK!"
MAX_PHONES = 1_000
_PHONE = re.compile(r"[\w.-]{1,64}")
_ID_CHARACTERS = 8  # of the phone's hash, which has 32


class TorqueUploads:
    """Takes uploads; remembers what each phone said about its own sensors."""

    def __init__(self) -> None:
        self._phones: OrderedDict[str, Described] = OrderedDict()

    def routes(self) -> Sequence[Route]:
        """Return the addresses: with a machine's id, or one machine per phone."""
        return [
            Route("/torque", self.take, methods=["GET"]),
            Route("/torque/{machine}", self.take, methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        """Keep one reading and say so."""
        context = context_of(request)
        parameters = dict(request.query_params)
        try:
            _check_is_no_page(request)
            described = self._described(parameters.get("id", ""))
            described.note(parameters)
            machine = _machine(request.path_params.get("machine"), parameters)
            decoded = _decoded(parameters, described, machine, context.runtime.clock())
            if decoded is not None:
                profile = parameters.get("profile")
                receipts = await keep(context, decoded, profile=profile, source="torque")
                reasons = [reason.message for receipt in receipts for reason in receipt.reasons]
                if not sum(receipt.accepted for receipt in receipts):
                    raise ApiError(422, " ".join(reasons[:1]) or decoded.reasons[0].message)
        except TelltaleError as error:
            status = status_of(error)
            context.meters.refused.labels(status=str(status)).inc()
            headers = error.headers if isinstance(error, ApiError) else {}
            return PlainTextResponse(str(error), status, headers)
        return PlainTextResponse(OK)

    def _described(self, phone: str) -> Described:
        described = self._phones.setdefault(phone[:64], Described())
        self._phones.move_to_end(phone[:64])
        if len(self._phones) > MAX_PHONES:
            self._phones.popitem(last=False)
        return described


def _check_is_no_page(request: Request) -> None:
    """Refuse what a page of another site makes a browser fetch: here a GET keeps something."""
    if request.headers.get("sec-fetch-site") in OTHER_SITES or "referer" in request.headers:
        raise ApiError(403, "Uploads from pages are refused: only the app may send them.")


def _machine(named: str | None, parameters: Mapping[str, str]) -> str:
    """Return the address's machine, or one per phone. Raises DecodeError."""
    if named is not None:
        if not is_machine_id(named):
            raise DecodeError(f"{named!r} {BAD_ID}")
        return named
    phone = parameters.get("id", "")
    if not _PHONE.fullmatch(phone):
        raise DecodeError(
            "The upload has no valid id. Set the address in Torque to /torque/<machine>, or let "
            "Torque send its id."
        )
    return f"torque-{phone[:_ID_CHARACTERS]}"


def _decoded(
    parameters: Mapping[str, str], described: Described, machine: str, arrival_ns: int
) -> Decoded | None:
    """Return an upload's reading; None if it only tells about the car or its sensors."""
    values = values_of(parameters, described)
    if not values:
        return None
    time = parameters.get("time", "")
    columns = {sensor.channel: [_number(text)] for sensor, text in values.items()}
    return to_decoded(
        RawColumns(
            [int(time) if time.isdecimal() and len(time) < 20 else time or None], None, columns, 1
        ),
        machine=machine,
        arrival_ns=arrival_ns,
        refusals=Refusals(),
        units={sensor.channel: sensor.unit for sensor in values if sensor.unit},
    )


def _number(text: str) -> float | str | None:
    """Return a value as it was meant; the app sends "-" or nothing where a sensor is silent."""
    if text.strip() in ("", "-", "NaN", "Infinity", "-Infinity", "null"):
        return None
    try:
        return float(text)
    except ValueError:
        return text
