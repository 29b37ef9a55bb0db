"""`create_app`: the API and the page of one runtime, as one ASGI app."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute

import telltale
from telltale.api import (
    can_databases,
    events,
    exports,
    health,
    imports,
    influx,
    labels,
    live_events,
    machine_models,
    machines,
    models,
    profiles,
    replays,
    sessions,
    simulators,
    sources,
    status,
    telemetry_out,
    trainings,
    waveforms,
)
from telltale.api.context import PREFIX, Context
from telltale.api.day_count import DayCount
from telltale.api.fleet_in import push_fleet
from telltale.api.guard import Guard
from telltale.api.live import LiveSocket
from telltale.api.openapi import build_openapi, docs_page
from telltale.api.pages import page
from telltale.api.problems import add_problem_handlers
from telltale.api.push import push_socket
from telltale.api.settings import ApiSettings
from telltale.api.telemetry_in import push_telemetry
from telltale.api.torque import TorqueUploads
from telltale.errors import UnknownMachineError
from telltale.runtime.can_databases import FOLDER, CanDatabases
from telltale.runtime.core import Runtime
from telltale.runtime.imports import Imports
from telltale.runtime.replays import Replays
from telltale.stream.latest import States

WEB = Path(telltale.__file__).parent / "web"
RESOURCES = (
    machines,
    machine_models,
    models,
    trainings,
    labels,
    waveforms,
    profiles,
    telemetry_out,
    live_events,
    events,
    sessions,
    replays,
    imports,
    can_databases,
    exports,
    sources,
    simulators,
    status,
)


def create_app(
    runtime: Runtime,
    *,
    web: Path | None = None,
    settings: ApiSettings | None = None,
    scratch: Path | None = None,
) -> FastAPI:
    """Return the app of a runtime that whoever serves it has started, and stops afterwards.

    Args:
        runtime: Viewers join the hub of its stream.
        web: Folder of the built page; the installed one by default.
        settings: Limits.
        scratch: Where uploads wait until they are read; the system's folder for such by default.
    """
    limits = settings or ApiSettings()
    context = Context(
        runtime=runtime,
        hub=runtime.stream.hub,
        settings=limits,
        imports=Imports(
            runtime,
            scratch=scratch,
            max_bytes=limits.max_import_bytes,
            min_free_bytes=limits.min_free_bytes,
        ),
        replays=Replays(runtime),
        can_databases=CanDatabases(_beside_profiles(runtime) / FOLDER),
        web=web or WEB,
        today=DayCount(0, runtime.clock()),
    )
    app = FastAPI(
        title="telltale",
        version=telltale.__version__,
        docs_url=None,  # FastAPI's own loads scripts from outside
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.context = context
    add_problem_handlers(app)
    _add_routes(app)
    app.add_middleware(Guard, allowed_hosts=limits.allowed_hosts)
    return app


def _beside_profiles(runtime: Runtime) -> Path:
    """Return the folder that keeps everything; the system's for a runtime without one."""
    folder = runtime.profiles.folder
    return folder.parent if folder is not None else Path(tempfile.gettempdir()) / "telltale"


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Show what was kept, and end long work with the server."""
    context: Context = app.state.context
    await context.imports.tidy_up()
    _seed_hub(context.runtime)
    context.hub.states_of = partial(_states, context.runtime)
    total = sum(live.rows for live in context.runtime.machines())
    context.today = DayCount(total, context.runtime.clock())
    yield
    await context.imports.stop()


def _seed_hub(runtime: Runtime) -> None:
    """Let viewers see the newest kept values at once, before anything new arrives."""
    for live in runtime.machines():
        if not live.last_arrival_ns:
            runtime.fleet.show_kept(live)


def _states(runtime: Runtime, machine: str) -> States | None:
    """Say in live frames what `GET /machines` says."""
    try:
        live = runtime.machine(machine)
    except UnknownMachineError:
        return None
    return live.state_word(), live.freshness(), live.value_states()


def _add_routes(app: FastAPI) -> None:
    telemetry = f"{PREFIX}/machines/{{machine}}/telemetry"
    app.router.routes += [
        # Plain, not FastAPI's: its own request handling would cost more than the decoding. And
        # first, as each request tries the routes in turn.
        Route(telemetry, push_telemetry, methods=["POST"]),
        Route(f"{PREFIX}/telemetry", push_fleet, methods=["POST"]),
        *influx.ROUTES,
        *TorqueUploads().routes(),
        WebSocketRoute(f"{PREFIX}/machines/{{machine}}/push", push_socket),
        WebSocketRoute(f"{PREFIX}/live", LiveSocket()),
    ]
    api = APIRouter(prefix=PREFIX)
    for resource in RESOURCES:
        api.include_router(resource.router)
    app.include_router(api)
    app.include_router(health.router)

    def schema() -> dict[str, Any]:  # Any: OpenAPI is free-form
        return build_openapi(app)

    async def docs(_: Request) -> Response:
        return HTMLResponse(docs_page(schema()))

    app.openapi = schema  # type: ignore[method-assign]  # FastAPI's documented way
    app.router.routes += [Route("/docs", docs), Route("/{page:path}", page, methods=["GET"])]
