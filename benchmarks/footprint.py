"""What telltale costs before it does anything: start, idle memory, size of the page, first paint.

Prints one JSON object; run with `python -m benchmarks.footprint`. Without a Chromium (see
scripts/find_browser.py) the first paint is left out, and the answer says so.
"""

from __future__ import annotations

import gzip
import http.client
import importlib.util
import json
import time
from pathlib import Path

import msgspec
import numpy as np

import telltale
from benchmarks.bench_process import Server, server
from telltale.simulators import make_simulator

WEB = Path(telltale.__file__).parent / "web"
ROOT = Path(__file__).parents[1]
STARTS = 5
PAINTS = 5
IDLE_S = 5.0
HOUR_S, HZ = 3_600, 10
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]
# All charts in view have something on their canvas.
IS_PAINTED = """() => {
  const seen = [...document.querySelectorAll("canvas")].filter((canvas) => {
    const box = canvas.getBoundingClientRect();
    return box.width > 0 && box.top < innerHeight && box.bottom > 0;
  });
  const drawn = (canvas) => canvas.width > 0 && canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0);
  return seen.length > 0 && seen.every(drawn) && performance.now();
}"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def start_and_memory() -> dict[str, object]:
    """Start a server on an empty folder some times; look at the last one while it is idle."""
    starts_s = []
    for _ in range(STARTS):
        with server() as running:
            starts_s.append(running.first_answer_s)
            if len(starts_s) == STARTS:
                running.get("/api/v1/machines")
                time.sleep(IDLE_S)
                memory_mb, before_s = running.memory_mb, running.cpu_s
                time.sleep(IDLE_S)
                idle = (running.cpu_s - before_s) / IDLE_S
    return {
        "start_s": round(float(np.median(starts_s)), 2),
        "start_worst_s": round(max(starts_s), 2),
        "idle_mb": round(memory_mb, 1),
        "idle_cpu_share": round(idle, 4),
    }


def page_gzip_bytes() -> int:
    """Return what a first visit loads: the document, its scripts and its styles, gzipped."""
    assert (WEB / "index.html").is_file(), "the page is not built; run `make test` once"
    files = [WEB / "index.html", *WEB.glob("assets/*.js"), *WEB.glob("assets/*.css")]
    return sum(len(gzip.compress(path.read_bytes(), 9, mtime=0)) for path in files)


def fill(running: Server) -> None:
    """Put an hour of a simulated pump's readings in, up to now."""
    now_ns = time.time_ns()
    time_ns = now_ns - np.arange(HOUR_S * HZ, 0, -1, dtype=np.int64) * (10**9 // HZ)
    read = make_simulator("pump", np.random.default_rng(1)).advance(time_ns)
    columns = {"time": time_ns.tolist(), **{k: v.tolist() for k, v in read.items()}}
    connection = http.client.HTTPConnection("127.0.0.1", running.http_port)
    path = "/api/v1/machines/pump-1/telemetry?profile=industrial_pump"
    for start in range(0, len(time_ns), 6_000):
        part = {name: values[start : start + 6_000] for name, values in columns.items()}
        connection.request(
            "POST", path, msgspec.msgpack.encode(part), {"Content-Type": "application/msgpack"}
        )
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()


def first_paint() -> dict[str, object] | str:
    """Open Machine some times, each in a new browser context: nothing is cached."""
    browser_path = found_browser()
    if browser_path is None:
        return "not measured: no Chromium, see scripts/find_browser.py"
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only with a browser

    painted_ms, first_ms = [], []
    with server() as running, sync_playwright() as playwright:
        fill(running)
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        for _ in range(PAINTS):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{running.http_port}/machines/pump-1", wait_until="commit")
            painted = page.wait_for_function(IS_PAINTED, polling=10, timeout=30_000)
            painted_ms.append(float(painted.json_value()))
            first_ms.append(float(page.evaluate(FIRST_PAINT) or painted_ms[-1]))
            context.close()
        browser.close()
    return {
        "charts_painted_ms": round(float(np.median(painted_ms)), 0),
        "charts_painted_worst_ms": round(max(painted_ms), 0),
        "first_contentful_paint_ms": round(float(np.median(first_ms)), 0),
    }


def found_browser() -> str | None:
    """Return what scripts/find_browser.py finds."""
    spec = importlib.util.spec_from_file_location("find", ROOT / "scripts" / "find_browser.py")
    assert spec is not None
    assert spec.loader is not None
    finder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finder)
    path: str | None = finder.find_browser()
    return path


def measure() -> dict[str, object]:
    return {
        **start_and_memory(),
        "page_gzip_kb": round(page_gzip_bytes() / 1000, 1),
        "paint": first_paint(),
    }


def main() -> None:
    print(json.dumps({"footprint": measure()}, indent=2))


if __name__ == "__main__":
    main()
