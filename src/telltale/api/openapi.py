"""OpenAPI: FastAPI's own, the msgspec types, and the routes that FastAPI does not know."""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import telltale
from telltale.api.context import PREFIX
from telltale.api.fleet_in import FleetReceipt
from telltale.api.wire import DOCUMENTED, answers
from telltale.formats.decode import CONTENT_TYPES
from telltale.runtime.receipt import Receipt

Json = dict[str, Any]  # Any: OpenAPI is free-form

PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457. `detail` says what was wrong, where, and what to do.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "reasons": {"type": "array", "items": {"type": "object"}},
        "allowed": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": True,
}
READING: Json = {
    "type": "object",
    "description": "Names are channels, or aliases, of the machine's profile.",
    "properties": {"time": {"description": "ISO 8601 or Unix s, ms, us, ns; absent = arrival."}},
    "additionalProperties": {"type": ["number", "string", "null"]},
    "examples": [{"time": "2026-01-31T14:05:00Z", "bearing_temp_c": 71.2}],
}


def _problem_response(description: str) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def _push_route() -> Json:
    reading = {"$ref": "#/components/schemas/Reading"}
    columns = {"type": "object", "additionalProperties": {"type": "array"}}
    schemas: Json = {
        "json": {"oneOf": [reading, {"type": "array", "items": reading}, columns]},
        "ndjson": {"type": "string", "description": "One reading a line."},
        "msgpack": {"type": "string", "format": "binary"},
        "csv": {"type": "string", "description": "A header line, then one reading a line."},
    }
    responses: Json = {str(status): body for status, body in answers(Receipt).items()}
    return {
        "tags": ["readings"],
        "summary": "Readings in; the answer comes after the commit",
        "parameters": [
            {"name": "machine", "in": "path", "required": True, "schema": {"type": "string"}},
            {
                "name": "profile",
                "in": "query",
                "schema": {"type": "string"},
                "description": "For a machine that is not known yet.",
            },
        ],
        "requestBody": {
            "required": True,
            "content": {name: {"schema": schemas[kind]} for name, kind in CONTENT_TYPES.items()},
        },
        "responses": {
            **responses,
            "400": _problem_response("The body cannot be read."),
            "413": _problem_response("Too large; the limit is named."),
            "415": _problem_response("Unknown content type or encoding."),
            "422": _problem_response("Readable, but no row could be kept."),
            "503": _problem_response("The queue is full, nothing was taken. See Retry-After."),
            "507": _problem_response("The store could not keep it."),
        },
    }


def _fleet_route() -> Json:
    route = _push_route()
    route["summary"] = "Readings of many machines in; each names its own"
    route["parameters"] = route["parameters"][1:]
    responses = {str(status): body for status, body in answers(FleetReceipt).items()}
    return {**route, "responses": {**route["responses"], **responses}}


def build_openapi(app: FastAPI) -> Json:
    """Return the whole description of an app; made once, kept in `app.openapi_schema`."""
    if app.openapi_schema:
        return app.openapi_schema
    schema: Json = get_openapi(
        title="telltale",
        version=telltale.__version__,
        description="Watches machines: readings in, kept safely, worked out, shown live.",
        routes=app.routes,
    )
    schema["paths"][f"{PREFIX}/machines/{{machine}}/telemetry"]["post"] = _push_route()
    schema["paths"][f"{PREFIX}/telemetry"] = {"post": _fleet_route()}
    kinds = list(DOCUMENTED.values())
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    schemas: Json = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(components)
    schemas["Problem"], schemas["Reading"] = PROBLEM, READING
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None) if _is_default_422(operation) else None
            operation["responses"].setdefault("default", _problem_response("Any error."))
    app.openapi_schema = schema
    return schema


def _is_default_422(operation: Json) -> bool:
    """Tell the 422 that FastAPI adds by itself: ours is a problem like any other."""
    content = operation["responses"].get("422", {}).get("content", {})
    return "application/json" in content


def docs_page(schema: Json) -> str:
    """Return the description as a page that needs no script and nothing from outside."""
    sections = []
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            sections.append(_operation(path, method, operation))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>telltale API</title>'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem;color-scheme:light dark}code{font-size:.95em}summary{cursor:pointer;"
        "padding:.3rem 0}td{padding:.1rem 1rem .1rem 0;vertical-align:top}</style>"
        f"<h1>telltale API {escape(schema['info']['version'])}</h1>"
        '<p>The same as data: <a href="/openapi.json">openapi.json</a>. The live WebSocket is '
        f"at <code>{PREFIX}/live</code>, pushing by WebSocket at "
        f"<code>{PREFIX}/machines/{{machine}}/push</code>.</p>{''.join(sections)}</html>"
    )


def _operation(path: str, method: str, operation: Json) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(item['name'])}</code><td>{escape(item['in'])}"
        f"<td>{escape(item.get('description', ''))}"
        for item in operation.get("parameters", [])
    )
    statuses = "".join(
        f"<tr><td>{escape(str(status))}<td colspan=2>{escape(body.get('description', ''))}"
        for status, body in operation["responses"].items()
    )
    return (
        f"<details><summary><code>{method.upper()} {escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"<table>{parameters}{statuses}</table></details>"
    )
