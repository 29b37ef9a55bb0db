"""Errors as `application/problem+json` (RFC 9457): one table, one form."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from telltale import errors
from telltale.labels import ContradictionError, LabelError, UnknownLabelError
from telltale.runtime.can_databases import UnknownCanDatabaseError
from telltale.runtime.imports import UnknownImportError
from telltale.runtime.models.shelf import LostModelError, UnknownModelError
from telltale.runtime.replays import UnknownReplayError
from telltale.runtime.source_book import SourceExistsError, UnknownSourceError
from telltale.runtime.training.queue import TrainingsFullError, UnknownTrainingError
from telltale.runtime.vibration.waveforms import UnknownPointError
from telltale.store.base import UnknownWaveformError
from telltale.stream.hub import TooManyViewersError

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"


class ApiError(errors.TelltaleError):
    """An error of the API itself, with its status and what else it knows."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **known: Any,  # members of the problem, whatever it knows
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.known = known


# The most specific class decides. 4xx: the client can mend it; 5xx: it cannot.
STATUS: dict[type[errors.TelltaleError], int] = {
    errors.TelltaleError: 400,
    errors.DecodeError: 400,
    errors.TooLargeError: 413,
    errors.UnknownMachineError: 404,
    errors.UnknownChannelError: 404,
    errors.ModelError: 422,
    errors.ProfileError: 422,
    errors.UnitError: 422,
    errors.SettingsError: 422,
    errors.SourceUnavailableError: 503,
    errors.StoreBusyError: 503,
    errors.StoreError: 500,
    errors.StoreFullError: 507,
    errors.StoreInterruptedError: 503,
    errors.MissingExtraError: 501,
    errors.BatchError: 500,
    TooManyViewersError: 503,
    UnknownImportError: 404,
    UnknownCanDatabaseError: 404,
    UnknownReplayError: 404,
    UnknownPointError: 404,
    UnknownWaveformError: 404,
    UnknownModelError: 404,
    LostModelError: 410,
    UnknownTrainingError: 404,
    TrainingsFullError: 503,
    UnknownSourceError: 404,
    SourceExistsError: 409,
    LabelError: 422,
    ContradictionError: 409,
    UnknownLabelError: 404,
}


def status_of(error: errors.TelltaleError) -> int:
    """Return the HTTP status of one of telltale's errors."""
    if isinstance(error, ApiError):
        return error.status
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(
    status: int,
    detail: str,
    *,
    path: str,
    headers: Mapping[str, str] | None = None,
    known: Mapping[str, Any] | None = None,  # Any: JSON
) -> Response:
    """Return one problem as a response."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        **(known or {}),
    }
    extra = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra.setdefault("Retry-After", "1")
    return Response(msgspec.json.encode(body), status, extra, PROBLEM_TYPE)


async def _telltale_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, errors.TelltaleError):
        raise error
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:  # busy or full is said once, where it is found
        log.warning("request_failed", path=request.url.path, status=status, error=str(error))
    known = error.known if isinstance(error, ApiError) else {}
    headers = error.headers if isinstance(error, ApiError) else {}
    return problem(status, str(error), path=request.url.path, headers=headers, known=known)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status, path, detail = error.status_code, request.url.path, error.detail
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # The page's route takes any address, so a wrong method there means a wrong address
        status = HTTPStatus.NOT_FOUND if "page" in request.path_params else status
        detail = f"{request.method} is not allowed at {path}. See /docs."
    if status == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {path}. All routes are listed at /docs."
    return problem(status, detail, path=path, headers=dict(error.headers or {}))


async def _invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    reasons = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "message": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{reason['field']}: {reason['message']}" for reason in reasons)
    return problem(422, f"{detail}.", path=request.url.path, known={"reasons": reasons})


async def _client_left(request: Request, _: Exception) -> Response:
    return problem(400, "The client left before its request was whole.", path=request.url.path)


async def _fault(request: Request, error: Exception) -> Response:
    log.error("request_fault", path=request.url.path, error=repr(error))
    detail = "telltale made a mistake with this request. The server's log has the details."
    return problem(500, detail, path=request.url.path)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of this app a problem."""
    app.add_exception_handler(errors.TelltaleError, _telltale_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(ClientDisconnect, _client_left)
    app.add_exception_handler(Exception, _fault)
