"""A simulated ELM327: takes command lines, and says what it writes back and when.

Made after the public data sheet of the ELM327. It is the counterpart of telltale's own driver in
the tests, and a car to try it with. No I/O here: `elm327_server` puts it on TCP or a terminal.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from telltale.simulators.elm327_car import SimulatedCar
from telltale.simulators.elm327_defects import Defects
from telltale.simulators.elm327_lines import bare_lines, can_lines, legacy_lines

AUTO = "0"
CAN_PROTOCOLS = {"6": 3, "7": 8, "8": 3, "9": 8}  # protocol -> digits of an address
LEGACY_PROTOCOLS = frozenset("12345")
RESET_S = 0.05  # a real one takes about a second
SEARCH_S = 0.05
GARBAGE = b"\xff\x80\x1b"

# Commands that are taken and change nothing that can be seen here.
IGNORED = re.compile(r"(AT[012]|ST[0-9A-F]{2}|CAF[01]|CFC[01]|AL|NL|M[01]|PC|CRA.*|CEA|BI|R[01])")


@dataclass(frozen=True, slots=True)
class Step:
    """Something written after a pause. `hangs_up` breaks the connection instead."""

    after_s: float
    data: bytes = b""
    hangs_up: bool = False


class Elm327:
    """One adapter plugged into one car.

    Args:
        car: Answers requests.
        protocol: The bus that the car has, as ATSP numbers them.
        rng: For defects that come by chance.
        answer_s: How long the car takes to answer; a CAN bus about 0.01.
        wait_s: How long it waits for more answers when it was not told how many come.
        volts: What ATRV measures.

    Attributes:
        defects: What is wrong with it; may be changed at any time.
        requests: Requests for data so far.
        busy_s: How long it has worked on what it was asked; the rest of the time it waited.
    """

    def __init__(
        self,
        car: SimulatedCar,
        *,
        protocol: str = "6",
        defects: Defects | None = None,
        rng: np.random.Generator | None = None,
        answer_s: float = 0.01,
        wait_s: float = 0.03,
        volts: float = 14.1,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.car = car
        self.defects = defects or Defects()
        self.requests = 0
        self.busy_s = 0.0
        self._protocol = protocol
        self._rng = rng or np.random.default_rng(0)
        self._answer_s, self._wait_s, self._volts = answer_s, wait_s, volts
        self._clock = clock
        self._memory = AUTO  # the protocol that is kept across resets
        self._last = ""
        self._forget()

    @property
    def has_echo(self) -> bool:
        """True while it repeats what it is sent."""
        return self._echo or self.defects.echo_stuck

    def command(self, line: str) -> Iterator[Step]:
        """Yield what is written for one line, the prompt last."""
        squeezed = "".join(line.split()).upper() or self._last
        self._last = squeezed
        if squeezed.startswith("AT"):
            yield from self._set(squeezed[2:])
        elif re.fullmatch(r"[0-9A-F]{2,}", squeezed):
            yield from self._ask(squeezed)
        elif squeezed:
            yield self._said("?")
        yield Step(0.0, self._text("") + b">")

    def interrupted(self) -> bytes:
        """Return what is written when a byte comes while it works."""
        return self._text("STOPPED", "") + b">"

    def _forget(self) -> None:
        """Be as after switching on."""
        self._echo, self._linefeeds, self._spaces, self._headers = True, False, True, False
        self._setting = self._memory
        self._is_connected = False
        self._asked_at = ""

    # AT commands

    def _set(self, command: str) -> Iterator[Step]:
        if command in ("Z", "WS", "D"):
            self._forget()
            if command == "D":
                yield self._said("OK")
            else:
                yield Step(RESET_S, self._text("", "", self.defects.version))
            return
        answer = self._query(command)
        if answer is None:
            answer = "OK" if self._switch(command) else "?"
        yield self._said(answer)

    def _query(self, command: str) -> str | None:
        """Return the answer to a question; None if it is none."""
        answers = {
            "I": self.defects.version,
            "@1": "OBDII to RS232 Interpreter",
            "RV": f"{self._volts:.1f}V",
            "DP": f"AUTO, {self._protocol}" if self._setting == AUTO else self._protocol,
            "DPN": self._number(),
        }
        if "v1.5" not in self.defects.version:  # of the real ones from 1.4 on
            answers |= {"IGN": "ON", "RD": "00", "AMC": "00"}
        return answers.get(command)

    def _number(self) -> str:
        if self._setting != AUTO:
            return self._setting
        return f"A{self._protocol}" if self._is_connected else AUTO

    def _switch(self, command: str) -> bool:
        """Do what an AT command says; False if there is no such command."""
        flags = {"E": "_echo", "L": "_linefeeds", "S": "_spaces", "H": "_headers"}
        if re.fullmatch(r"[ELSH][01]", command):
            setattr(self, flags[command[0]], command[1] == "1")
        elif protocol := re.fullmatch(r"(?:SP|TP)A?([0-9A])", command):
            self._setting, self._is_connected = protocol[1], False
            if command.startswith("SP"):
                self._memory = self._setting
        elif command.startswith("SH") and self.defects.ignores_address:
            return False
        elif header := re.fullmatch(r"SH([0-9A-F]{3}|[0-9A-F]{6})", command):
            self._asked_at = header[1]
        else:
            is_clone = "v1.5" in self.defects.version
            return bool(IGNORED.fullmatch(command)) and not (is_clone and command == "CEA")
        return True

    # Requests for data

    def _ask(self, digits: str) -> Iterator[Step]:
        """Send a request to the car and show what it answers."""
        expected = int(digits[-1], 16) if len(digits) % 2 else 0
        if expected and self.defects.ignores_count:
            yield self._said("?")
            return
        self.requests += 1
        if self._is_due(self.defects.disconnect_every):
            yield Step(0.0, hangs_up=True)
            return
        if self._is_due(self.defects.reset_every):
            self._forget()
            yield self._said("LV RESET", self.defects.version)
            return
        if not self._is_connected:
            yield from self._connect()
            if not self._is_connected:
                return
        yield from self._answered(bytes.fromhex(digits[: len(digits) // 2 * 2]), expected)

    def _is_due(self, every: int) -> bool:
        return every > 0 and self.requests % every == 0

    def _connect(self) -> Iterator[Step]:
        """Find the bus, in the words of an ELM327."""
        fits = self._setting in (AUTO, self._protocol)
        is_slow = (self._protocol if self._setting == AUTO else self._setting) in "345"
        if self._setting == AUTO:
            yield Step(0.0, self._text("SEARCHING..."))
        elif is_slow:
            yield Step(0.0, b"BUS INIT: ...")
        yield Step(SEARCH_S)
        fails = self.defects.connect_errors > 0
        self.defects.connect_errors -= fails
        if fits and not fails and not self.defects.is_ignition_off:
            self._is_connected = True
            if is_slow and self._setting != AUTO:
                yield self._said("OK")
            return
        if self._setting == AUTO:
            yield self._said("UNABLE TO CONNECT")
        elif is_slow:
            yield self._said("ERROR")
        else:
            yield self._said("NO DATA" if fits else "CAN ERROR")

    def _answered(self, request: bytes, expected: int) -> Iterator[Step]:
        defects = self.defects
        yield Step(self._answer_s + defects.latency_s)
        if failure := self._failure():
            yield self._said(failure)
            return
        lines = self._lines(request)
        if not lines:
            yield Step(self._wait_s, self._text("NO DATA"))
            return
        waits = not expected or expected > len(lines)
        if expected:
            lines = lines[: expected - defects.wrong_count]
        if self._happens(defects.rx_error):
            lines[-1] += " <RX ERROR"
        yield Step(0.0, self._spoilt(self._text(*lines)))
        if self._happens(defects.no_prompt):
            yield Step(3600.0)
        yield Step(self._wait_s if waits else 0.0)

    def _failure(self) -> str:
        """Return what goes wrong with this request, if anything does."""
        defects = self.defects
        if defects.is_ignition_off or self._happens(defects.no_data):
            return "NO DATA"
        for share, words in (
            (defects.stopped, "STOPPED"),
            (defects.buffer_full, "BUFFER FULL"),
            (defects.bus_error, "CAN ERROR"),
        ):
            if self._happens(share):
                return words
        return ""

    def _happens(self, share: float) -> bool:
        return share > 0.0 and bool(self._rng.random() < share)

    def _lines(self, request: bytes) -> list[str]:
        """Return the lines that show what the car answers."""
        if self.defects.single_only and request[0] == 0x01:
            request = request[:2]
        legacy = self._protocol in LEGACY_PROTOCOLS
        if legacy and len(request) > 2 and request[0] == 0x01:
            return []  # several PIDs at once are CAN's alone
        found = self.car.answers(request, self._computer(), self._clock())
        shows_headers = self._headers and not self.defects.headers_stuck
        lines: list[str] = []
        for place, message in found.items():
            if legacy:
                bus = self._protocol
                lines += legacy_lines(place, message, headers=shows_headers, protocol=bus)
            elif shows_headers:
                is_short = CAN_PROTOCOLS[self._protocol] == 3
                padded = self.defects.is_padded
                lines += can_lines(place, message, is_short=is_short, is_padded=padded)
            else:
                lines += bare_lines(message)
        return lines

    def _computer(self) -> int | None:
        """Return which computer the header asks; None for all."""
        if self._asked_at in ("", "7DF", "DB33F1") or self._protocol in LEGACY_PROTOCOLS:
            return None
        is_short = CAN_PROTOCOLS[self._protocol] == 3
        return int(self._asked_at, 16) - 0x7E0 if is_short else int(self._asked_at[2:4], 16) - 0x10

    # Writing

    def _said(self, *lines: str) -> Step:
        return Step(0.0, self._text(*lines))

    def _text(self, *lines: str) -> bytes:
        """Return lines as they are written now."""
        end = "\r\n" if self._linefeeds or self.defects.linefeeds_stuck else "\r"
        has_spaces = self._spaces or self.defects.spaces_stuck
        shown = lines if has_spaces else [_without_spaces(line) for line in lines]
        return "".join(line + end for line in shown).encode("ascii")

    def _spoilt(self, text: bytes) -> bytes:
        """Return a text with the bytes that come or get lost on the way."""
        if self._happens(self.defects.garbage):
            at = int(self._rng.integers(0, len(text)))
            text = text[:at] + GARBAGE + text[at:]
        if self._happens(self.defects.dropped):
            at = int(self._rng.integers(0, len(text)))
            text = text[:at] + text[at + 1 :]
        return text


def _without_spaces(line: str) -> str:
    """Return a line of data without its spaces; others are left."""
    data, mark, words = line.partition("<")
    is_data = re.fullmatch(r"[0-9A-F: ]+", data)
    return f"{data.replace(' ', '')}{mark}{words}" if is_data else line
