"""A walk over every route with odd parameters and bodies: whatever comes, the answer is never that
telltale made a mistake, and every refusal is a problem with a sentence."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.server import TIMEOUT_S, Server, serving

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
KNOWN_TEXTS = (
    *("pump-1", "industrial_pump", "1", "a/b", "*", "csv", "json", "parquet", "bearing_temp_c"),
    *("", " ", ".", "..", "\x00", "\r\nx: y", "ä", "\u202e", "'; DROP TABLE machines;--", "%"),
    *("0", "-1", "1e999", "NaN", "9" * 40, "2026-01-01T00:00:00Z", "true", "x" * 3000),
)
texts = st.one_of(st.sampled_from(KNOWN_TEXTS), st.text(max_size=20))
numbers = st.one_of(
    st.sampled_from([0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 0.5, 1e308]), st.integers()
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the OpenAPI document."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]  # (where, name)
    members: tuple[str, ...]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("routes")) as server:
        readings = [{"time": 1_760_000_000 + i, "bearing_temp_c": 40 + i} for i in range(50)]
        assert server.push_json("pump-1", readings).status == 200
        yield server


def routes(server: Server) -> list[Route]:
    document = json.loads(server.request("GET", "/openapi.json").body)
    return [
        Route(
            method.upper(),
            path,
            tuple((p["in"], p["name"]) for p in operation.get("parameters", [])),
            tuple(members(document, operation)),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method.upper() in METHODS
    ]


def members(document: Any, operation: Any) -> Iterator[str]:
    """Yield the names that a JSON body may have."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = str(content["schema"].get("$ref", "")).rpartition("/")[2]
        yield from document["components"]["schemas"].get(name, {}).get("properties", {})


@st.composite
def requests(draw: st.DrawFn, route: Route) -> tuple[str, str, bytes | None, str]:
    path = route.path
    query = []
    for where, name in route.parameters:
        if where == "path":
            text = draw(texts)
            path = path.replace(f"{{{name}}}", urllib.parse.quote(text, safe="") or "%20")
        elif where == "query" and draw(st.booleans()):
            query.append((name, draw(texts)))
    body = None
    if route.method not in {"GET", "DELETE"}:
        named = st.dictionaries(st.sampled_from(route.members), values) if route.members else values
        body = draw(
            st.one_of(
                st.binary(max_size=40),
                st.one_of(named, values).map(lambda value: json.dumps(value).encode()),
            )
        )
    kind = draw(st.sampled_from(["application/json", "text/csv", "application/msgpack", "x/y", ""]))
    return route.method, f"{path}?{urllib.parse.urlencode(query)}", body, kind


def check_answer(server: Server, request: tuple[str, str, bytes | None, str]) -> None:
    method, path, body, kind = request
    with closing(
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    ) as connection:
        headers = {"Content-Type": kind} if kind else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        assert answer.status != 500, (request, answer.read())
        if answer.status < 400:
            return  # a stream of events would not end
        assert answer.headers["content-type"] == "application/problem+json", request
        problem = json.loads(answer.read())
        assert problem["status"] == answer.status
        assert len(problem["detail"]) > 10, (request, problem)


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_route_makes_a_mistake_whatever_it_is_given(walked: Server, data: st.DataObject) -> None:
    for route in routes(walked):
        check_answer(walked, data.draw(requests(route)))


@pytest.mark.long
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_route_makes_a_mistake_in_a_long_walk(walked: Server, data: st.DataObject) -> None:
    for route in routes(walked):
        check_answer(walked, data.draw(requests(route)))


def test_the_walk_knows_every_route(walked: Server) -> None:
    paths = {route.path for route in routes(walked)}
    assert len(paths) > 20
    assert "/api/v1/machines/{machine}/telemetry" in paths
