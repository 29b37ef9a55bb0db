"""A private server stays private, whatever a browser is told."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from telltale.api.guard import host_name
from telltale.api.settings import ApiSettings
from tests.api.conftest import Serve, Served


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
async def test_another_host_name_is_refused(served: Served, host: str) -> None:
    answer = await served.get("/machines", headers={"host": host})
    assert answer.status_code == 403
    assert "127.0.0.1" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
async def test_the_names_of_this_machine_are_answered(served: Served, host: str) -> None:
    assert (await served.get("/machines", headers={"host": host})).status_code == 200


async def test_a_name_can_be_allowed(serve: Serve) -> None:
    served: Served = await serve(settings=ApiSettings(allowed_hosts=("Telltale.example",)))
    headers = {"host": "telltale.example"}
    assert (await served.get("/machines", headers=headers)).status_code == 200


async def test_a_page_of_another_site_may_not_write(served: Served) -> None:
    headers = {"origin": "http://evil.example"}
    answer = await served.push("m", {"bearing_temp_c": 1}, headers=headers)
    assert answer.status_code == 403
    assert (await served.get("/machines")).json() == {"machines": []}


async def test_telltales_own_page_may_write(served: Served) -> None:
    headers = {"origin": f"http://127.0.0.1:{served.port}"}
    answer = await served.push("m", {"bearing_temp_c": 41.0}, headers=headers)
    assert answer.status_code == 200


async def test_a_page_of_another_site_may_not_open_a_socket(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with served.socket(origin="http://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_other_sites_are_given_no_access_by_cors(served: Served) -> None:
    answer = await served.get("/machines", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/api/v1/machines", "/api/v1/nothing", "/docs"])
async def test_every_answer_carries_the_security_headers(served: Served, path: str) -> None:
    headers = (await served.http.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("host", "name"),
    [("a:80", "a"), ("[::1]:80", "::1"), ("A", "a"), ("", ""), ("[", ""), ("a:b:c", "a")],
)
def test_a_host_header_is_read_without_its_port(host: str, name: str) -> None:
    assert host_name(host) == name
