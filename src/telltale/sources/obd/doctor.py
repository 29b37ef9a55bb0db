"""Examines adapter and car step by step, and says in plain words what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from telltale.errors import SourceUnavailableError
from telltale.sources.clock import SystemClock
from telltale.sources.obd.adapter import Exchange
from telltale.sources.obd.car import Car, look_at, read_codes, read_readiness, shown_codes
from telltale.sources.obd.connect import Connected, connect
from telltale.sources.obd.find_adapter import BAUDS
from telltale.sources.obd.find_bus import AUTO
from telltale.sources.obd.link import Link
from telltale.sources.obd.reader import CarReader
from telltale.sources.obd.trace import Trace
from telltale.sources.obd.wanted import all_of

MEASURE_S = 3.0
AS_OFTEN_AS_CAN_BE_HZ = 100.0
SLOW_HZ = 5.0  # requests a second below which a live page is no pleasure
MANY_FAILURES = 0.1
MAX_EXCHANGES = 2_000


@dataclass(slots=True)
class Report:
    """What was found.

    Attributes:
        steps: What was tried and how it went, in order.
        exchanges: Every command and what came back; the first 2,000.
        verdict: What it means and what to do, for people.
        is_good: True if readings come.
        facts: The same for scripts.
    """

    steps: list[tuple[str, str]] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    verdict: str = ""
    is_good: bool = False
    facts: dict[str, object] = field(default_factory=dict)

    def transcript(self) -> str:
        """Return the whole as text, for a file that can be passed on. It names the car's VIN."""
        lines = [f"{what}: {outcome}" for what, outcome in self.steps]
        lines += ["", self.verdict, "", "Everything that was said:"]
        lines += [_shown(exchange) for exchange in self.exchanges]
        return "\n".join(lines) + "\n"


async def examine(
    link: Link,
    *,
    bauds: Sequence[int] = BAUDS,
    protocol: str = AUTO,
    on_step: Callable[[str, str], None] | None = None,
) -> Report:
    """Connect, look at the car and measure how quickly it can be read. Never raises for a fault.

    Args:
        link: Not open; closed at the end.
        bauds: Speeds of a serial port that are tried.
        protocol: The bus; "0" finds it.
        on_step: Is told each step as it is done.
    """
    report = Report()

    def step(what: str, outcome: str) -> None:
        report.steps.append((what, outcome))
        if on_step is not None:
            on_step(what, outcome)

    def note(exchange: Exchange) -> None:
        if len(report.exchanges) < MAX_EXCHANGES:
            report.exchanges.append(exchange)

    try:
        trace = Trace(listener=note, on_step=step)
        connected = await connect(link, bauds=bauds, protocol=protocol, trace=trace)
        await _look(connected, report, step)
    except SourceUnavailableError as error:
        report.verdict = f"It does not work yet. {error}"
        step("ended", "see the verdict")
    finally:
        await link.close()
    return report


async def _look(connected: Connected, report: Report, step: Callable[[str, str], None]) -> None:
    """Look at what the car has and how quickly it can be read, and come to a verdict."""
    car = await look_at(connected)
    step("computers", _computers(car))
    step("vehicle number", car.vin or "not told by this car")
    readiness = await read_readiness(connected, car.engine)
    if readiness is not None:
        lamp = "on" if readiness.is_lamp_on else "off"
        ready = sum(monitor.is_ready for monitor in readiness.monitors)
        step("engine lamp", f"{lamp}; {ready} of {len(readiness.monitors)} self-tests have run")
    codes = await read_codes(connected)
    step("trouble codes", ", ".join(f"{one.code} ({one.kind})" for one in codes) or "none")
    requests_hz, failed, failures = await _measured(connected, car)
    step("speed", f"{requests_hz:.0f} answers a second, {100 * failed:.0f} % failed")
    report.is_good = requests_hz > 0.0
    report.facts = {
        "adapter": connected.fingerprint.name,
        "doubts": list(connected.fingerprint.doubts),
        "baud": connected.baud,
        "bus": connected.bus,
        "vin": car.vin,
        "pids": len(car.pids),
        "codes": shown_codes(codes),
        "requests_hz": round(requests_hz, 1),
        "failed": round(failed, 3),
        "failures": failures,
    }
    report.verdict = _verdict(connected, car, requests_hz, failed)


async def _measured(connected: Connected, car: Car) -> tuple[float, float, dict[str, int]]:
    """Read all that the car has for 3 s: answers a second, share that failed, and how."""
    hz = AS_OFTEN_AS_CAN_BE_HZ
    reader = CarReader(
        connected, car, all_of(car.pids, fast_hz=hz, slow_hz=hz, rates_hz={}), SystemClock()
    )
    answers, started_s = 0, time.monotonic()
    while time.monotonic() - started_s < MEASURE_S:
        answers += await reader.next() is not None
    spent_s = time.monotonic() - started_s
    failed = reader.failures.total() - reader.failures["partial"]
    share = failed / max(failed + answers, 1)
    return answers / spent_s, share, dict(reader.failures)


def _computers(car: Car) -> str:
    named = [
        f"{ecu or 'without a name'} with {len(pids)} PIDs" for ecu, pids in car.computers.items()
    ]
    return ", ".join(named) or "none"


def _verdict(connected: Connected, car: Car, requests_hz: float, failed: float) -> str:
    """Return what it all means, in at most four sentences."""
    if not requests_hz:
        return (
            "It does not work yet. The car answers, but nothing that could be read came. "
            "Send the transcript along when you ask for help."
        )
    said = [f"It works: {len(car.pids)} PIDs over {connected.bus}."]
    if requests_hz < SLOW_HZ:
        said.append(
            f"It is slow, {requests_hz:.1f} answers a second: choose few channels, "
            "or another adapter."
        )
    if failed > MANY_FAILURES:
        said.append(
            f"{100 * failed:.0f} % of the requests failed: press the plug home, bring the adapter "
            "nearer, or use another."
        )
    if connected.fingerprint.is_clone:
        said.append("The adapter is probably a copy; it does for reading, if it is quick enough.")
    return " ".join(said)


def _shown(exchange: Exchange) -> str:
    """Return an exchange as a line: what was sent, what came, how long it took."""
    came = exchange.raw.decode("latin-1").replace("\r", "\\r").replace("\n", "\\n")
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in came)
    ended = "" if exchange.reply is not None else "  (no prompt)"
    return f"{exchange.seconds:7.3f} s  {exchange.sent:<16} {shown}{ended}"
