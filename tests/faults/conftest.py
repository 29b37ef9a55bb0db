"""One server for the tests of a file: what one of them sends must not hurt the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.server import API, Server, free_udp_port, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("faults"), udp_port=free_udp_port()) as started:
        body = b'{"profile": "industrial_pump"}'
        assert started.request("PUT", f"{API}/machines/pump-1", body).status == 201
        yield started
