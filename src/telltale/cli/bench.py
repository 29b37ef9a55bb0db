"""`telltale bench`: how many readings this machine takes, and how soon each is kept."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from telltale.cli import address_file
from telltale.cli.connection import Client
from telltale.cli.options import json_option
from telltale.cli.output import print_json, print_table
from telltale.errors import TelltaleError

PROFILE = "focus_st"
N_CHANNELS = 16
ROWS = 500  # in a request
CONNECTIONS = 4  # a machine each, as several gateways would
STEP_MS = 10
START_LIMIT_S = 30.0
UDP_QUIET_S = 1.0  # nothing more arrives after so long
UDP_SLEEP_EVERY = 100  # datagrams; a sender that never rests starves the receiver on few cores

Columns = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the answer; what does not apply is None."""

    what: str
    rows: int
    rows_per_s: float | None = None
    lost: int | None = None
    delay_p50_ms: float | None = None
    delay_p99_ms: float | None = None


@click.command()
@click.option("--quick", is_flag=True, help="A few seconds instead of half a minute; rougher.")
@json_option
def bench(*, quick: bool, as_json: bool) -> None:
    """Measure this machine: rows per second and delays.

    Starts a telltale of its own in a temporary folder, sends it made-up readings and removes it.
    """
    requests, datagrams, singles = (20, 20_000, 50) if quick else (200, 400_000, 500)
    with temporary_server() as (url, udp_port):
        ranges = usual_ranges(Client(url))
        found = [
            push(url, "HTTP, JSON readings", ranges, requests, as_readings),
            push(url, "HTTP, JSON columns", ranges, requests, as_columns),
            single_readings(url, ranges, singles),
            send_datagrams(url, udp_port, ranges, datagrams),
        ]
    if as_json:
        print_json({"channels": N_CHANNELS, "measured": [asdict(line) for line in found]})
        return
    head = ("what", "rows", "rows/s", "lost", "p50 ms", "p99 ms")
    print_table(head, [cells(line) for line in found], "Nothing was measured.")
    click.echo("Rows are kept when they are counted; the delay is from sending to that answer.")


def cells(line: Measured) -> tuple[object, ...]:
    """Return a line as a table shows it."""
    rate = None if line.rows_per_s is None else f"{line.rows_per_s:,.0f}"
    return line.what, f"{line.rows:,}", rate, line.lost, line.delay_p50_ms, line.delay_p99_ms


@contextlib.contextmanager
def temporary_server() -> Iterator[tuple[str, int]]:
    """Run `telltale serve` in a process of its own; give its address and its UDP port."""
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as folder:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            udp_port = int(free.getsockname()[1])
        arguments = ["--data", folder, "--port", "0", "--udp-port", str(udp_port), "--no-browser"]
        process = subprocess.Popen(
            [sys.executable, "-m", "telltale", "serve", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            yield address_of(process, Path(folder)), udp_port
        finally:
            process.terminate()
            process.communicate()


def address_of(process: subprocess.Popen[bytes], data: Path) -> str:
    """Wait until the server answers. Raises TelltaleError."""
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        url = address_file.running_server(data)
        if url is not None:
            return url
        if process.poll() is not None:
            said = process.communicate()[1].decode("utf-8", "replace").strip()
            raise TelltaleError(f"`telltale serve` ended at once: {said[-500:]}")
        time.sleep(0.02)
    raise TelltaleError(f"`telltale serve` does not answer within {START_LIMIT_S:.0f} s.")


def usual_ranges(client: Client) -> dict[str, tuple[float, float]]:
    """Return the channels to send, with the values that a machine which is well shows."""
    channels = client.get(f"/profiles/{PROFILE}")["channels"]
    chosen = list(channels.items())[:N_CHANNELS]
    return {name: tuple(channel["normal"] or channel["range"]) for name, channel in chosen}


def made_up(ranges: Mapping[str, tuple[float, float]], rows: int, start_ms: int) -> Columns:
    """Return readings around the middle of each range."""
    rng = random.Random(start_ms)  # noqa: S311 - noise, not a secret
    columns: dict[str, Sequence[float]] = {"time": [start_ms + STEP_MS * i for i in range(rows)]}
    for name, (low, high) in ranges.items():
        middle, size = (low + high) / 2, (high - low) / 50
        columns[name] = [round(rng.gauss(middle, size), 3) for _ in range(rows)]
    return columns


def as_columns(columns: Columns) -> bytes:
    """Return {"time": [...], "name": [...]}."""
    return json.dumps(columns).encode()


def as_readings(columns: Columns) -> bytes:
    """Return [{"time": ..., "name": ...}, ...]."""
    rows = zip(*columns.values(), strict=True)
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows]).encode()


def push(
    url: str,
    what: str,
    ranges: Mapping[str, tuple[float, float]],
    requests: int,
    encode: Callable[[Columns], bytes],
) -> Measured:
    """Send whole requests over some connections, each when the one before is kept."""
    start_ms = round(time.time() * 1000) - requests * ROWS * STEP_MS
    bodies = [
        encode(made_up(ranges, ROWS, start_ms + number * ROWS * STEP_MS))
        for number in range(requests)
    ]
    machines = [f"{encode.__name__}-{number}" for number in range(CONNECTIONS)]
    begin_s = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as senders:
        delays_ms = list(senders.map(lambda machine: sent(url, machine, bodies), machines))
    rows = CONNECTIONS * requests * ROWS
    rate = round(rows / (time.perf_counter() - begin_s))
    return Measured(what, rows, rate, None, *quantiles([ms for each in delays_ms for ms in each]))


def single_readings(url: str, ranges: Mapping[str, tuple[float, float]], requests: int) -> Measured:
    """Send one reading a request: what a small feed notices."""
    start_ms = round(time.time() * 1000) - requests * STEP_MS
    bodies = [
        as_readings(made_up(ranges, 1, start_ms + number * STEP_MS)) for number in range(requests)
    ]
    delays = quantiles(sent(url, "single", bodies))
    return Measured("HTTP, one reading a request", requests, None, None, *delays)


def sent(url: str, machine: str, bodies: Sequence[bytes]) -> list[float]:
    """Send bodies over one connection; return each one's delay in ms."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
    path = f"/api/v1/machines/bench-{machine}/telemetry?profile={PROFILE}"
    delays_ms = []
    for body in bodies:
        asked_s = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise TelltaleError(f"A push was answered {answer.status}: {said[:300].decode()}")
        delays_ms.append((time.perf_counter() - asked_s) * 1e3)
    connection.close()
    return delays_ms


def send_datagrams(
    url: str, port: int, ranges: Mapping[str, tuple[float, float]], count: int
) -> Measured:
    """Send one reading a datagram, and count those that are kept."""
    client = Client(url)
    client.send("PUT", "/machines/bench-udp", {"profile": PROFILE})
    before = int(client.get("/status")["store"]["rows"])
    columns = made_up(ranges, 1_000, 0)
    rows = zip(*(values for name, values in columns.items() if name != "time"), strict=True)
    tails = [json.dumps(dict(zip(ranges, row, strict=True)))[1:] for row in rows]
    begin_s, began = time.perf_counter(), time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        for number in range(count):
            head = f'{{"machine":"bench-udp","time":{began + number / 100_000:.6f},'
            udp.send((head + tails[number % len(tails)]).encode())
            if number % UDP_SLEEP_EVERY == 0:
                time.sleep(0.001)
    kept, changed_s = 0, time.perf_counter()
    while kept < count and time.perf_counter() - changed_s < UDP_QUIET_S:
        now = int(client.get("/status")["store"]["rows"]) - before
        if now != kept:
            kept, changed_s = now, time.perf_counter()
        time.sleep(0.01)
    rate = round(kept / max(changed_s - begin_s, 1e-9))
    return Measured("UDP, one reading a datagram", kept, rate, count - kept)


def quantiles(delays_ms: Sequence[float]) -> tuple[float, float]:
    """Return the delay that half, and 99 of 100, do not exceed."""
    ordered = sorted(delays_ms)
    last = len(ordered) - 1
    return round(ordered[last // 2], 2), round(ordered[math.ceil(last * 0.99)], 2)
