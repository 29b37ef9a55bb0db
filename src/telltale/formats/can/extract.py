"""Signals of all frames of one message at once: bits cut out of arrays, scaled, checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from telltale.batch import BoolArray, ByteArray, FloatArray, IntArray
from telltale.formats.can.frames import widened
from telltale.formats.can.tables import Message, Signal

Raw = npt.NDArray[np.uint64]
WINDOW_BYTES = 8
FLOATS: Mapping[int, tuple[type, type]] = {
    16: (np.uint16, np.float16),
    32: (np.uint32, np.float32),
    64: (np.uint64, np.float64),
}
ERROR_BYTE = 0xFE  # SAE J1939-71, table 1: from here on no measurement, whatever follows
WIDE_BITS = (16, 24, 32)
SAFE_SCALE = 1e200  # times 64 bits it is still a number


class _Payloads:
    """Payloads of one message, and the 8-byte windows that were cut of them so far."""

    def __init__(self, data: ByteArray, lengths: IntArray, message: Message) -> None:
        reach = max((signal.last_byte for signal in message.signals), default=0) + 1
        self._data = widened(data, max(reach, data.shape[1]) + WINDOW_BYTES)
        self._windows: dict[tuple[int, bool], Raw] = {}
        self.lengths = lengths
        self.shortest = int(lengths.min()) if len(lengths) else 0

    def raw(self, signal: Signal) -> Raw:
        """Return a signal's bits as unsigned numbers."""
        first, last = signal.first_byte, signal.last_byte
        base = 0 if last < WINDOW_BYTES else first
        begin = signal.first_bit - 8 * base
        mask = np.uint64((1 << signal.length) - 1)
        window = self._window(base, is_big_endian=signal.is_big_endian)
        beyond = begin + signal.length - 64  # bits in the ninth byte
        if signal.is_big_endian:
            if beyond <= 0:
                return (window >> np.uint64(-beyond)) & mask
            more = self._byte(base + WINDOW_BYTES) >> np.uint64(8 - beyond)
            return ((window << np.uint64(beyond)) | more) & mask
        bits = window >> np.uint64(begin)
        if beyond > 0:
            bits = bits | (self._byte(base + WINDOW_BYTES) << np.uint64(64 - begin))
        return bits & mask

    def _window(self, first: int, *, is_big_endian: bool) -> Raw:
        key = first, is_big_endian
        if key not in self._windows:
            cut = np.ascontiguousarray(self._data[:, first : first + WINDOW_BYTES])
            read: Raw = cut.view(">u8" if is_big_endian else "<u8")[:, 0].astype(np.uint64)
            self._windows[key] = read
        return self._windows[key]

    def _byte(self, place: int) -> Raw:
        return self._data[:, place].astype(np.uint64)


def signals_of(message: Message, data: ByteArray, lengths: IntArray) -> dict[str, FloatArray]:
    """Decode frames of one message.

    Args:
        message: What they hold.
        data: Payloads, shape (n, width), zeros behind their ends.
        lengths: Bytes of each payload, shape (n,).

    Returns:
        Column to values, each shape (n,). NaN where the payload is too short for the signal,
        where the multiplexer says that it is not there, and where J1939 says that there is no
        measurement.
    """
    payloads = _Payloads(data, lengths, message)
    presence = _Presence(message, payloads)
    columns: dict[str, FloatArray] = {}
    for signal in message.signals:
        raw = payloads.raw(signal)
        values = _values(signal, raw)
        if message.is_j1939:
            values = _measured(signal, raw, values)
        absent = presence.absent(signal)
        if absent is not None:
            values = np.where(absent, np.nan, values)
        columns[signal.column] = values
    return columns


class _Presence:
    """Tells in which frames a signal is not there."""

    def __init__(self, message: Message, payloads: _Payloads) -> None:
        self._signals = {signal.name: signal for signal in message.signals}
        self._payloads = payloads
        self._cut: dict[tuple[str, tuple[int, ...]], BoolArray] = {}

    def absent(self, signal: Signal) -> BoolArray | None:
        """Return the frames without it, None if all have it."""
        found: BoolArray | None = None
        if signal.last_byte >= self._payloads.shortest:
            found = self._payloads.lengths <= signal.last_byte
        if signal.multiplexer:
            key = signal.multiplexer, signal.multiplexer_ids
            if key not in self._cut:
                self._cut[key] = self._unselected(*key)
            found = self._cut[key] if found is None else found | self._cut[key]
        return found

    def _unselected(self, multiplexer: str, ids: tuple[int, ...]) -> BoolArray:
        # `databases` leaves out signals whose multiplexers go in a circle, so this ends.
        chooser = self._signals[multiplexer]
        raw = self._payloads.raw(chooser)
        if chooser.is_signed:
            raw = _sign_extended(raw, chooser.length).view(np.uint64)
        wanted = np.array([one & 0xFFFF_FFFF_FFFF_FFFF for one in ids], dtype=np.uint64)
        unselected = ~np.isin(raw, wanted)
        above = self.absent(chooser)
        return unselected if above is None else unselected | above


def _values(signal: Signal, raw: Raw) -> FloatArray:
    if signal.is_float:
        bits, kind = FLOATS[signal.length]
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            numbers = raw.astype(bits).view(kind).astype(np.float64)
    elif signal.is_signed:
        numbers = _sign_extended(raw, signal.length).astype(np.float64)
    else:
        numbers = raw.astype(np.float64)
    if signal.scale != 1.0 or signal.offset != 0.0:
        with np.errstate(over="ignore", invalid="ignore"):
            numbers = numbers * signal.scale + signal.offset
    if not signal.is_float and abs(signal.scale) <= SAFE_SCALE:
        return numbers
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _sign_extended(raw: Raw, length: int) -> IntArray:
    up = 64 - length
    extended: IntArray = (raw << np.uint64(up)).view(np.int64) >> np.int64(up)
    return extended


def _measured(signal: Signal, raw: Raw, values: FloatArray) -> FloatArray:
    """Return the values without those that mean "not available" or "error".

    Source:
        SAE J1939-71, tables 1 and 2: all bits set is not available, one less an error; in 16 and
        32 bits the first byte decides, 0xFE and 0xFF. NMEA 2000 uses the last two numbers only,
        and the largest ones of signed fields: a database whose range takes more says so.
    """
    if signal.is_float or signal.length < 2:
        return values
    last = (1 << (signal.length - 1 if signal.is_signed else signal.length)) - 1
    none = (raw == np.uint64(last)) | (raw == np.uint64(last - 1))
    if not signal.is_signed and signal.length in WIDE_BITS:
        special = raw >= np.uint64(ERROR_BYTE << (signal.length - 8))
        if signal.low is not None and signal.high is not None and signal.low < signal.high:
            special &= (values < signal.low) | (values > signal.high)
        none |= special
    return np.where(none, np.nan, values)
