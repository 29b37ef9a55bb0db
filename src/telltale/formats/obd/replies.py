"""What an ELM327 wrote up to its prompt, as messages of engine computers. Bytes in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from telltale.formats.obd.frames import Framing, Joiner, bytes_of, frame_of

PROMPT = b">"
MAX_REPLY_BYTES = 32_768  # the longest ISO-TP message of 16 computers, with spaces; more is noise


class Problem(StrEnum):
    """What an adapter says instead of an answer, in its own words."""

    NO_DATA = "NO DATA"
    UNABLE_TO_CONNECT = "UNABLE TO CONNECT"
    BUS_INIT = "BUS INIT: ERROR"
    BUS_ERROR = "BUS ERROR"
    BUS_BUSY = "BUS BUSY"
    CAN_ERROR = "CAN ERROR"
    FEEDBACK_ERROR = "FB ERROR"
    DATA_ERROR = "DATA ERROR"
    RX_ERROR = "RX ERROR"
    BUFFER_FULL = "BUFFER FULL"
    STOPPED = "STOPPED"
    LOW_VOLTAGE_RESET = "LV RESET"
    ALERT = "ALERT"
    INTERNAL = "ERR"
    UNKNOWN_COMMAND = "?"


RESETS = frozenset({Problem.LOW_VOLTAGE_RESET})  # it has forgotten what it was told
BANNER = re.compile(r"\b(?:ELM ?3\d\d|OBD(?:Link|II)|STN\d{4}|vLink)", re.IGNORECASE)

_WORDS = {  # squeezed spelling -> what it means; the first that is found counts
    "UNABLETOCONNECT": Problem.UNABLE_TO_CONNECT,
    "NODATA": Problem.NO_DATA,
    "LVRESET": Problem.LOW_VOLTAGE_RESET,
    "BUSBUSY": Problem.BUS_BUSY,
    "BUSERROR": Problem.BUS_ERROR,
    "CANERROR": Problem.CAN_ERROR,
    "FBERROR": Problem.FEEDBACK_ERROR,
    "DATAERROR": Problem.DATA_ERROR,
    "RXERROR": Problem.RX_ERROR,
    "BUFFERFULL": Problem.BUFFER_FULL,
    "STOPPED": Problem.STOPPED,
    "ACTALERT": Problem.ALERT,
    "LPALERT": Problem.ALERT,
}
_INTERNAL = re.compile(r"ERR\d\d")
_PROGRESS = re.compile(r"^(?:SEARCHING\.*|BUSINIT:?[.\s]*(?:OK)?)", re.IGNORECASE)
_HEX_LINE = re.compile(r"[0-9A-F]+")
_SEGMENT = re.compile(r"([0-9A-F]):([0-9A-F]+)")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one engine computer.

    Attributes:
        ecu: Its address as the header says, e.g. "7E8"; "" where headers are off.
        data: Service, PID and so on; without header, length and checksum.
    """

    ecu: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything an adapter wrote for one command.

    Attributes:
        messages: Whole messages, in the order in which they were complete.
        problems: What it complained about.
        texts: Other lines: "OK", "ELM327 v1.5", "12.6V".
        broken: Lines and messages that could not be used: cut off, garbled, out of order.
    """

    messages: tuple[Message, ...] = ()
    problems: tuple[Problem, ...] = ()
    texts: tuple[str, ...] = ()
    broken: int = 0

    @property
    def is_reset(self) -> bool:
        """True if the adapter started anew, and forgot what it was told."""
        return bool(RESETS & set(self.problems)) or any(map(BANNER.search, self.texts))

    @property
    def is_ok(self) -> bool:
        """True if a command was taken."""
        return "OK" in self.texts


class PromptReader:
    """Cuts what comes in at the prompts, wherever the chunks were cut. Bounded."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the replies that are complete now, without their prompts."""
        self._held += chunk
        *done, rest = bytes(self._held).split(PROMPT)
        self._held = bytearray(rest[-MAX_REPLY_BYTES:])
        return [reply[-MAX_REPLY_BYTES:] for reply in done]

    def pending(self) -> bytes:
        """Return what has come since the last prompt."""
        return bytes(self._held)

    def clear(self) -> None:
        """Forget what has come since the last prompt."""
        self._held.clear()


def parse_reply(raw: bytes, *, request: str = "", framing: Framing | None = None) -> Reply:
    """Return what a reply holds. Any bytes are survived; what cannot be used is counted.

    Args:
        raw: Up to the prompt, with or without echo, spaces, line feeds and NULs.
        request: What was sent; its echo is left out, and it tells data from headers.
        framing: How messages look on this bus; None finds out line by line.
    """
    service = _service_of(request)
    joiner = Joiner()
    problems: list[Problem] = []
    texts: list[str] = []
    is_command = request[:2].upper() in ("AT", "ST")
    for line in _lines(raw, request):
        if line is None:
            joiner.broken += 1
            continue
        said, problem = _without_words(line)
        if problem is not None:
            problems.append(problem)
        if not said:
            continue
        squeezed = said.replace(" ", "").upper()
        if is_command or not _is_data(squeezed):
            texts.append(said)
        elif segment := _SEGMENT.fullmatch(squeezed):
            joiner.segment(int(segment[1], 16), bytes_of(segment[2]))
        elif len(squeezed) == 3 and framing in (None, Framing.BARE):
            joiner.length(int(squeezed, 16))
        else:
            joiner.frame(frame_of(squeezed, framing, service))
    joiner.end()
    messages = tuple(Message(ecu, data) for ecu, data in joiner.messages)
    return Reply(messages, tuple(problems), tuple(texts), joiner.broken)


def _is_data(squeezed: str) -> bool:
    return bool(_HEX_LINE.fullmatch(squeezed) or _SEGMENT.fullmatch(squeezed))


def _service_of(request: str) -> int | None:
    """Return the service that a request in hex asks for, if it is one."""
    head = request.replace(" ", "")[:2].upper()
    return int(head, 16) if re.fullmatch(r"[0-9A-F]{2}", head) else None


def _lines(raw: bytes, request: str) -> list[str | None]:
    """Return the lines that say something, without the echo; None stands for a garbled one."""
    echo = request.replace(" ", "").upper()
    text = raw.replace(b"\0", b"").replace(PROMPT, b"\r").replace(b"\n", b"\r")
    found: list[str | None] = []
    for line in text.split(b"\r"):
        if not line.strip():
            continue
        if not all(0x20 <= byte < 0x7F for byte in line):
            found.append(None)
            continue
        said = line.decode("ascii").strip()
        if echo and said.replace(" ", "").upper() == echo:
            continue
        found.append(said)
    return found


def _without_words(line: str) -> tuple[str, Problem | None]:
    """Return a line without what the adapter says on the way, and what it complains about.

    A line with a complaint holds no data that could be trusted.
    """
    squeezed = line.replace(" ", "").upper()
    problem = _problem_in(squeezed)
    if problem is not None:
        return "", problem
    progress = _PROGRESS.match(squeezed)
    return (squeezed[progress.end() :] if progress else line), None


def _problem_in(squeezed: str) -> Problem | None:
    if squeezed == "?":
        return Problem.UNKNOWN_COMMAND
    if squeezed.startswith("BUSINIT") and "ERROR" in squeezed:
        return Problem.BUS_INIT
    if _INTERNAL.fullmatch(squeezed):
        return Problem.INTERNAL
    found = next((problem for word, problem in _WORDS.items() if word in squeezed), None)
    return Problem.DATA_ERROR if found is None and "<" in squeezed else found  # a mark cut short
