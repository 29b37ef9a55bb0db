"""candump logs, read a block at a time: lines of one shape are parsed as one array.

Both forms are taken: `candump -L` and `-l` write "(1717547833.688378) can0 3C9#0766", plain
candump with `-ta` or `-tz` writes " (1717547833.688378)  can0  3C9   [2]  07 66".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from telltale.batch import NS_PER_S, BoolArray, ByteArray, IntArray
from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import shown
from telltale.formats.can.frames import CLASSIC_BYTES, EXTENDED, FD_BYTES, MAX_ID, Frames, widened
from telltale.formats.refusals import Refusals

MAX_LINE_BYTES = 4096
MAX_BUSES = 64
MAX_SHAPES = 64  # of lines of one length, compared with all others
ERROR_FLAG, REMOTE_FLAG = 0x2000_0000, 0x4000_0000
EXPECTED = "a line of candump, such as (1717547833.688378) can0 3C9#0766"

_TIME = rb"\s*\((?P<s>\d{1,10})\.(?P<f>\d{1,9})\)\s+(?P<bus>[\w.:@-]{1,32})\s+"
_SHAPES = (
    re.compile(
        _TIME + rb"(?P<id>[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})#(?P<data>(?:[0-9A-Fa-f]{2}){0,8})"
        rb"(?:_[0-9A-Fa-f])?(?: [RT])?\s*"
    ),
    re.compile(
        _TIME + rb"(?P<id>[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})##[0-9A-Fa-f]"
        rb"(?P<data>(?:[0-9A-Fa-f]{2}){0,64})(?: [RT])?\s*"
    ),
    re.compile(
        _TIME + rb"(?:[RT]X [-B] [-E]\s{1,4})?(?P<id>[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})\s+"
        rb"\[\d{1,2}\]\s*(?P<data>(?:[0-9A-Fa-f]{2}(?: (?=[0-9A-Fa-f]{2}))?){0,64})"
        rb"\s*"
    ),
)
_REMOTE = re.compile(
    _TIME + rb"(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})(?:#R[0-9A-Fa-f]?(?: [RT])?|\s+\[\d{1,2}\]\s+"
    rb"remote request)\s*"
)
_NO_TIME = re.compile(rb"\s*[\w.:@-]{1,32}\s+(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})\s+\[\d{1,2}\]")

# What a byte may be replaced by without another shape: digits by digits, letters by letters.
_CLASSES = np.arange(256, dtype=np.uint8)
_CLASSES[[*range(48, 58), *range(65, 71), *range(97, 103)]] = ord("0")
_DIGIT = np.full(256, 255, dtype=np.uint8)
_DIGIT[48:58] = np.arange(10)
_DIGIT[65:71] = _DIGIT[97:103] = np.arange(10, 16)
_BLANK = re.compile(rb"\s*(?:#.*)?")


def is_candump(head: bytes) -> bool:
    """Tell if a file that begins like this is a candump log."""
    lines = [line for line in head[: 4 * MAX_LINE_BYTES].splitlines()[:8] if line.strip()]
    return any(_matched(line) or _REMOTE.fullmatch(line) for line in lines[:4])


def has_no_time(head: bytes) -> bool:
    """Tell if it is candump's output without times."""
    lines = [line for line in head[: 4 * MAX_LINE_BYTES].splitlines()[:8] if line.strip()]
    return bool(lines) and all(_NO_TIME.match(line) for line in lines[:2])


@dataclass(slots=True)
class CandumpReader:
    """Turns a candump log's bytes, from the first on, into frames, as they come.

    Attributes:
        refusals: Lines that are none of candump's.
        others: Remote and error frames: they carry no signals.
    """

    refusals: Refusals = field(default_factory=Refusals)
    others: int = 0
    _rest: bytes = b""
    _line: int = 0
    _buses: dict[bytes, int] = field(default_factory=dict)

    def feed(self, block: bytes, *, last: bool = False) -> Frames:
        """Return the frames of the lines that are whole now.

        Raises:
            TooLargeError: A line that is far too long.
        """
        text = self._rest + block if self._rest else block
        if last and text and not text.endswith(b"\n"):
            text += b"\n"
        cut = text.rfind(b"\n") + 1
        self._rest = text[cut:]
        if len(self._rest) > MAX_LINE_BYTES:
            raise TooLargeError(
                f"A line is longer than {MAX_LINE_BYTES} bytes, so this is no candump log. "
                "Check that the file was copied whole."
            )
        return self._frames(np.frombuffer(text, dtype=np.uint8, count=cut))

    def _frames(self, text: ByteArray) -> Frames:
        ends = np.flatnonzero(text == ord("\n"))
        starts = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1] + 1))[: len(ends)]
        found = _Found(len(ends))
        widths = ends - starts
        order = np.argsort(np.minimum(widths, MAX_LINE_BYTES).astype(np.uint16), kind="stable")
        edges = np.flatnonzero(np.diff(widths[order])) + 1
        for rows in np.split(order, edges) if len(order) else ():
            width = int(widths[rows[0]])
            if width > MAX_LINE_BYTES:
                self._refuse(rows, text, starts, ends)
            elif width:
                lines = text[starts[rows][:, None] + np.arange(width)]
                self._of_one_width(lines, rows, found)
        self._tell(found)
        self._line += len(ends)
        return found.frames([name.decode("ascii", "replace") for name in self._buses])

    def _of_one_width(self, lines: ByteArray, rows: IntArray, found: _Found) -> None:
        """Parse lines of one length, those of one shape at a time."""
        classes = _CLASSES[lines]
        left = np.arange(len(rows))
        for _ in range(MAX_SHAPES):
            if not len(left):
                return
            same = (classes[left] == classes[left[0]]).all(axis=1)
            alike, left = left[same], left[~same]
            self._of_one_shape(lines[alike], rows[alike], found)
        for one in left:  # no log of candump's looks like this: do not compare each with each
            self._of_one_shape(lines[one : one + 1], rows[one : one + 1], found)

    def _of_one_shape(self, lines: ByteArray, rows: IntArray, found: _Found) -> None:
        first = lines[0].tobytes()
        match = _matched(first)
        if match is None:
            if _REMOTE.fullmatch(first):
                self.others += len(rows)
            elif not _BLANK.fullmatch(first):
                found.refuse(rows, lines)
            return
        # Letters a to f stand where digits may: only in hexadecimal they are digits.
        seconds, is_good = _decimal(lines, *match.span("s"))
        fraction, is_good_too = _decimal(lines, *match.span("f"))
        fraction_ns = fraction * 10 ** (9 - (match.end("f") - match.start("f")))
        key = _hexadecimal(lines, *match.span("id"))
        if match.end("id") - match.start("id") == 8:
            is_other = (key & (ERROR_FLAG | REMOTE_FLAG)) != 0
            key = (key & MAX_ID) | EXTENDED
            self.others += int(is_other.sum())
        else:
            is_other = np.zeros(len(rows), dtype=np.bool_)
        is_number = is_good & is_good_too
        found.refuse(rows[~is_number], lines[~is_number])
        good = is_number & ~is_other
        if good.any():
            buses = self._bus(lines[good, match.start("bus") : match.end("bus")])
            found.put(
                rows[good],
                time_ns=(seconds * NS_PER_S + fraction_ns)[good],
                keys=key[good],
                data=_payload(lines[good], match),
                buses=buses,
            )

    def _bus(self, names: ByteArray) -> IntArray:
        """Return the place of each line's bus among those met so far."""
        texts = np.ascontiguousarray(names).view(f"S{names.shape[1]}")[:, 0]
        if bool((texts == texts[0]).all()):
            return np.full(len(texts), self._place(bytes(texts[0])), dtype=np.int64)
        distinct, which = np.unique(texts, return_inverse=True)
        return np.array([self._place(bytes(name)) for name in distinct], dtype=np.int64)[which]

    def _place(self, name: bytes) -> int:
        if name not in self._buses and len(self._buses) >= MAX_BUSES:
            raise DecodeError(
                f"The log names more than {MAX_BUSES} buses. Check that it is a candump log."
            )
        return self._buses.setdefault(name, len(self._buses))

    def _refuse(self, rows: IntArray, text: ByteArray, starts: IntArray, ends: IntArray) -> None:
        for row in rows:
            line = text[starts[row] : min(starts[row] + 80, ends[row])].tobytes()
            self._refuse_line(int(row), line)

    def _tell(self, found: _Found) -> None:
        for row, line in sorted(found.refused):
            self._refuse_line(row, line)
        self.refusals.rows_again(found.n_refused - len(found.refused))

    def _refuse_line(self, row: int, line: bytes) -> None:
        number = self._line + row
        said = shown(line.decode("ascii", "replace"))
        message = f"Row {number}: {said!r} is not {EXPECTED}."
        self.refusals.row(number, said, EXPECTED, message)


class _Found:
    """Frames of a block of lines, put at their lines' places."""

    def __init__(self, n: int) -> None:
        self._time_ns = np.zeros(n, dtype=np.int64)
        self._keys = np.zeros(n, dtype=np.int64)
        self._lengths = np.zeros(n, dtype=np.int64)
        self._buses = np.zeros(n, dtype=np.int64)
        self._data = np.zeros((n, CLASSIC_BYTES), dtype=np.uint8)
        self._is_frame: BoolArray = np.zeros(n, dtype=np.bool_)
        self.refused: list[tuple[int, bytes]] = []
        self.n_refused = 0

    def put(
        self, rows: IntArray, *, time_ns: IntArray, keys: IntArray, data: ByteArray, buses: IntArray
    ) -> None:
        """Take frames with payloads of one length."""
        n_bytes = data.shape[1]
        if n_bytes > self._data.shape[1]:
            self._data = widened(self._data, FD_BYTES)
        self._time_ns[rows], self._keys[rows], self._buses[rows] = time_ns, keys, buses
        self._lengths[rows] = n_bytes
        self._data[rows, :n_bytes] = data
        self._is_frame[rows] = True

    def refuse(self, rows: IntArray, lines: ByteArray) -> None:
        """Note lines that are no frames; the first few of a kind are explained."""
        self.n_refused += len(rows)
        for row, line in zip(rows[:5].tolist(), lines[:5], strict=True):
            self.refused.append((row, line[:80].tobytes()))

    def frames(self, bus_names: list[str]) -> Frames:
        """Return them in the order of their lines."""
        found = Frames(
            self._time_ns, self._keys, self._lengths, self._data, self._buses, bus_names or [""]
        )
        return found if self._is_frame.all() else found.take(self._is_frame)


def _matched(line: bytes) -> re.Match[bytes] | None:
    found = (shape.fullmatch(line) for shape in _SHAPES)
    return next((match for match in found if match is not None), None)


def _decimal(lines: ByteArray, begin: int, end: int) -> tuple[IntArray, BoolArray]:
    """Return what the digits in these places say, and where all of them are digits."""
    digits = _DIGIT[lines[:, begin:end]]
    number = np.zeros(len(lines), dtype=np.int64)
    for column in digits.T:
        number = number * 10 + column
    is_number: BoolArray = np.asarray((digits < 10).all(axis=1))
    return number, is_number


def _hexadecimal(lines: ByteArray, begin: int, end: int) -> IntArray:
    number = np.zeros(len(lines), dtype=np.int64)
    for column in _DIGIT[lines[:, begin:end]].T:
        number = number << 4 | column
    return number


def _payload(lines: ByteArray, match: re.Match[bytes]) -> ByteArray:
    """Return the bytes of payloads; in the plain form there is a space between two."""
    begin, text = match.start("data"), match["data"]
    step = 3 if b" " in text else 2
    n_bytes = (len(text) + step - 2) // step
    high = begin + step * np.arange(n_bytes)
    nibbles = _DIGIT[lines[:, high]] << 4 | _DIGIT[lines[:, high + 1]]
    payload: ByteArray = nibbles.astype(np.uint8)
    return payload


def read_blocks(file: BinaryIO, chunk_bytes: int) -> Iterator[bytes]:
    """Yield a file's bytes, and then nothing once."""
    while block := file.read(chunk_bytes):
        yield block
    yield b""
