"""What can be wrong with an adapter: every defect that its owners report, to be switched on."""

from __future__ import annotations

from dataclasses import dataclass, fields

from telltale.errors import SettingsError
from telltale.registry import suggest


@dataclass(slots=True)
class Defects:
    """Defects of a simulated adapter. All are off by default; they may change while it runs.

    Shares are of the requests for data, 0 to 1; counts are numbers of requests.

    Attributes:
        echo_stuck, spaces_stuck, linefeeds_stuck: Says OK to ATE0, ATS0, ATL0 and goes on.
        headers_stuck: Says OK to ATH1 and shows none.
        ignores_address: Does not know ATSH.
        ignores_count: Does not know the digit for the expected answers, and says "?".
        wrong_count: Ends one line too early when that digit is sent.
        single_only: Answers only the first of several PIDs in a request.
        is_padded: Shows CAN frames with all their eight bytes.
        no_data, stopped, buffer_full, bus_error: Share of requests that end so.
        rx_error: Share of answers whose last line is marked as spoilt.
        garbage, dropped: Share of answers into which bytes come, or of which one is lost.
        no_prompt: Share of answers that are never ended.
        connect_errors: How many attempts to reach the car fail first.
        reset_every: The voltage drops and it forgets its settings, every so many requests.
        disconnect_every: The connection breaks, every so many requests.
        latency_s: Added to every answer of the car.
        is_ignition_off: The car does not answer at all.
        version: What it says it is.
    """

    echo_stuck: bool = False
    spaces_stuck: bool = False
    linefeeds_stuck: bool = False
    headers_stuck: bool = False
    ignores_address: bool = False
    ignores_count: bool = False
    wrong_count: bool = False
    single_only: bool = False
    is_padded: bool = False
    no_data: float = 0.0
    stopped: float = 0.0
    buffer_full: float = 0.0
    bus_error: float = 0.0
    rx_error: float = 0.0
    garbage: float = 0.0
    dropped: float = 0.0
    no_prompt: float = 0.0
    connect_errors: int = 0
    reset_every: int = 0
    disconnect_every: int = 0
    latency_s: float = 0.0
    is_ignition_off: bool = False
    version: str = "ELM327 v2.2"


def parse_defects(words: tuple[str, ...]) -> Defects:
    """Return defects from words like "echo_stuck" and "no_data=0.02". Raises SettingsError."""
    known = {field.name: field for field in fields(Defects)}
    defects = Defects()
    for word in words:
        name, _, value = word.partition("=")
        if name not in known:
            raise SettingsError(f"no defect named {name!r}. {suggest(name, known)}")
        kind = type(getattr(defects, name))
        try:
            setattr(defects, name, True if kind is bool else kind(value))
        except ValueError:
            raise SettingsError(f"defect {name} is {value!r}. Give a number.") from None
    return defects
