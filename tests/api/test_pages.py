"""The page's files, the shell, the documentation, and the health routes."""

from __future__ import annotations

from pathlib import Path

import pytest

from telltale.api.settings import ApiSettings
from tests.api.conftest import Serve, Served


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>shell</title>")
    (web / "assets" / "app-1a2b.js").write_text("export {}")
    (web / "manifest.webmanifest").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return web


@pytest.mark.parametrize("path", ["/", "/machine/pump-3", "/history", "/any/deep/address"])
async def test_every_page_address_gets_the_shell(serve: Serve, bundle: Path, path: str) -> None:
    served: Served = await serve(web=bundle)
    answer = await served.http.get(path)
    assert answer.status_code == 200
    assert "shell" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_hashed_files_are_kept_for_ever_and_others_checked(
    serve: Serve, bundle: Path
) -> None:
    served: Served = await serve(web=bundle)
    hashed = await served.http.get("/assets/app-1a2b.js")
    other = await served.http.get("/manifest.webmanifest")
    assert "immutable" in hashed.headers["cache-control"]
    assert hashed.headers["content-type"].startswith("text/javascript")
    assert other.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/%00.js", "/api/x"]
)
async def test_what_is_not_in_the_bundle_is_not_found(
    serve: Serve, bundle: Path, path: str
) -> None:
    served: Served = await serve(web=bundle)
    answer = await served.http.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


async def test_without_a_bundle_a_sentence_says_how_to_build_it(
    serve: Serve, tmp_path: Path
) -> None:
    served: Served = await serve(web=tmp_path / "nothing")
    answer = await served.http.get("/")
    assert answer.status_code == 200
    assert "`make clean`, then `make demo`" in answer.text


async def test_the_description_names_every_route_and_every_answer(served: Served) -> None:
    schema = (await served.http.get("/openapi.json")).json()
    paths = schema["paths"]
    for path in ("machines", "profiles", "events", "sessions", "replays", "imports", "exports",
                 "sources", "status", "live/events"):  # fmt: skip
        assert f"/api/v1/{path}" in paths
    telemetry = paths["/api/v1/machines/{machine}/telemetry"]
    assert set(telemetry) == {"get", "post"}
    assert {"200", "400", "413", "415", "422", "503", "507"} <= set(telemetry["post"]["responses"])
    schemas = schema["components"]["schemas"]
    assert {"MachineView", "Receipt", "Columns", "Problem", "ImportView"} <= set(schemas)
    for operations in paths.values():
        for operation in operations.values():
            assert operation["summary"]
            assert "default" in operation["responses"]


async def test_every_reference_of_the_description_leads_somewhere(served: Served) -> None:
    answer = await served.http.get("/openapi.json")
    schemas = set(answer.json()["components"]["schemas"])
    wanted = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
    assert wanted
    assert wanted <= schemas


async def test_the_documentation_loads_nothing_from_elsewhere(served: Served) -> None:
    answer = await served.http.get("/docs")
    assert answer.status_code == 200
    assert "/api/v1/machines" in answer.text
    assert "<script" not in answer.text
    assert "https://" not in answer.text


async def test_health_and_readiness_measure(served: Served) -> None:
    assert (await served.http.get("/healthz")).json() == {"status": "ok"}
    answer = await served.http.get("/readyz")
    assert answer.status_code == 200
    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert set(checks) == {"event_loop", "store_read", "store_write", "queue", "disk"}
    assert all(check["ok"] and check["took_ms"] >= 0 for check in checks.values())


async def test_a_disk_with_too_little_room_is_not_ready(serve: Serve) -> None:
    served: Served = await serve(settings=ApiSettings(min_free_bytes=2**60))
    answer = await served.http.get("/readyz")
    assert answer.status_code == 503
    failed = [check["name"] for check in answer.json()["checks"] if not check["ok"]]
    assert failed == ["disk"]


async def test_a_closed_store_is_not_ready(served: Served) -> None:
    await served.runtime.store.close()
    answer = await served.http.get("/readyz")
    assert answer.status_code == 503
    assert any(not check["ok"] for check in answer.json()["checks"])


async def test_metrics_count_what_was_pushed(served: Served) -> None:
    await served.http.put("/api/v1/machines/m", json={"profile": "industrial_pump"})
    await served.push("m", [{"time": 1_763_712_000 + i, "bearing_temp_c": 40.0} for i in range(7)])
    await served.push("m", {"bearing_temp_c": "hot"})
    await served.http.post("/api/v1/machines/m/telemetry", content=b"{")
    text = (await served.http.get("/metrics")).text
    lines = dict(
        line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    assert float(lines["telltale_ingest_rows_total"]) == 7
    assert float(lines["telltale_rows_total"]) == 7
    assert float(lines["telltale_machines"]) == 1
    assert float(lines['telltale_ingest_refused_requests_total{status="400"}']) == 1
    assert float(lines['telltale_ingest_refused_requests_total{status="422"}']) == 1
    assert float(lines["telltale_ingest_commit_seconds_count"]) >= 1
    assert float(lines["telltale_store_size_bytes"]) > 0
    assert "machine=" not in text


async def test_status_counts_rows_today_and_in_all(served: Served) -> None:
    await served.push("m", [{"time": 1_763_712_000 + i, "bearing_temp_c": 40.0} for i in range(7)])
    status = (await served.get("/status")).json()
    assert (status["rows"], status["rows_today"], status["machines"]) == (7, 7, 1)
    assert status["store"]["rows"] == 7
    assert status["store"]["free_bytes"] > 0
    assert status["viewers"]["now"] == 0
    assert status["version"]
