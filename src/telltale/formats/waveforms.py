"""Reads one waveform from a body: JSON array, NumPy file, one column of CSV, or WAV.

What it is shows in its first bytes, so that nobody has to name it. Nothing of it is ever run:
a NumPy file of objects is refused, not unpickled.
"""

from __future__ import annotations

import io
import math
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import shown
from telltale.formats.waveform_wav import read_wav

MAX_BYTES = 16 * 1024 * 1024
MAX_SAMPLES = 10_000_000
PIECE_BYTES = 256 * 1024  # of text, parsed at once: its numbers as Python objects take 20 times it
Samples = np.ndarray[Any, np.dtype[Any]]  # Any: of whatever shape and kind the file has
NPY, RIFF, MATLAB = b"\x93NUMPY", b"RIFF", b"MATLAB 5.0 MAT-file"
NPY_KINDS = ("f4", "f8", "i2")
MAX_NPY_HEADER = 10_000
NPY_ERRORS = (  # of a header that NumPy parses as Python: cut or hostile, it breaks in any of these
    ValueError,
    EOFError,
    OSError,
    RecursionError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
)
KNOWN = "a JSON array, a NumPy file (npy), one column of CSV, or WAV"


@dataclass(frozen=True, slots=True)
class Waveform:
    """Samples as they were sent.

    Attributes:
        samples: Shape (n,), in counts or parts of full scale where `is_scaled`.
        rate_hz: Sampling rate, if the format says one.
        is_scaled: True for integers, of which only a scale makes a quantity.
    """

    samples: FloatArray
    rate_hz: float | None = None
    is_scaled: bool = False


def read_waveform(body: bytes, *, channel: int | None = None) -> Waveform:
    """Return the waveform of a body.

    Args:
        body: The file.
        channel: Which one of several, counted from 1; without, there must be one only.

    Raises:
        DecodeError: It is none of the known formats, or broken, or holds no or missing numbers.
        TooLargeError: It has more than `MAX_SAMPLES`, or `MAX_BYTES`.
    """
    if len(body) > MAX_BYTES:
        raise TooLargeError(
            f"The waveform has {len(body):,} bytes; {MAX_BYTES:,} are taken. Send a shorter one, "
            "or float32 as npy."
        )
    if not body.strip():
        raise DecodeError(f"The waveform is empty. Send {KNOWN}.")
    found = _read(body, channel)
    if len(found.samples) > MAX_SAMPLES:
        raise TooLargeError(f"The waveform has more than {MAX_SAMPLES:,} samples.")
    if not len(found.samples):
        raise DecodeError("The waveform holds no sample.")
    bad = np.flatnonzero(~np.isfinite(found.samples))
    if len(bad):
        raise DecodeError(
            f"{len(bad)} of {len(found.samples)} samples are no numbers (NaN or infinite), the "
            f"first at {bad[0] + 1}. A waveform has no gaps: cut it there, or record it again."
        )
    return found


def _read(body: bytes, channel: int | None) -> Waveform:
    if body.startswith(NPY):
        values = _npy(body)
        samples = _one_of(values, channel).astype(np.float64)
        return Waveform(samples, is_scaled=values.dtype.kind == "i")
    if body.startswith(RIFF) and body[8:12] == b"WAVE":
        wav = read_wav(body)
        return Waveform(_one_of(wav.samples, channel), wav.rate_hz, not wav.is_float)
    if body.startswith(MATLAB):
        raise DecodeError(
            "MATLAB files are not read. Save the variable as npy, CSV or WAV, in Python: "
            "numpy.save('wave.npy', scipy.io.loadmat(file)['X105_DE_time'].ravel())."
        )
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(b"["):
        return Waveform(_one_of(_json(text), channel))
    return Waveform(_one_of(_csv(text), channel))


def _npy(body: bytes) -> Samples:
    """Return the array of a NumPy file, after its header was compared with what is there."""
    stream = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, is_fortran, kind = read(stream, max_header_size=MAX_NPY_HEADER)
    except NPY_ERRORS as error:
        raise DecodeError(f"The NumPy file's header cannot be read: {shown(error)}.") from None
    if kind.hasobject or kind.str[1:] not in NPY_KINDS:
        raise DecodeError(
            f"The NumPy file holds {kind}; float32, float64 and int16 are read, objects never."
        )
    n_bytes, there = math.prod(shape) * kind.itemsize, len(body) - stream.tell()
    if len(shape) not in (1, 2) or n_bytes != there:
        raise DecodeError(
            f"The NumPy file declares shape {shape} of {kind}, {n_bytes:,} bytes, and {there:,} "
            "are there. Save one array of shape (n,), or (n, channels)."
        )
    flat = np.frombuffer(body, dtype=kind, offset=stream.tell())
    values: Samples = flat.reshape(shape, order="F" if is_fortran else "C")
    return values


def _one_of(values: Samples, channel: int | None) -> Samples:
    """Return one channel of samples of shape (n,) or (n, channels). Raises DecodeError."""
    columns: Samples = values[:, None] if values.ndim == 1 else values
    if channel is None and columns.shape[0] == 1:
        columns = columns.T  # one row, as MATLAB writes a vector
    if channel is None and columns.shape[1] == 1:
        channel = 1
    if channel is None or not 1 <= channel <= columns.shape[1]:
        raise DecodeError(_which_channel(columns.shape[1]))
    one: Samples = columns[:, channel - 1]
    return one


def _which_channel(n_channels: int) -> str:
    if n_channels == 1:
        return "The waveform has 1 channel. Say channel=1, or leave it out."
    return (
        f"The waveform has {n_channels} channels. Say which one is meant: channel=1 to "
        f"{n_channels}."
    )


def _json(text: bytes) -> FloatArray:
    if not text.endswith(b"]"):
        raise DecodeError("The JSON array does not end. It was cut off.")
    inner = text[1:-1]
    if not inner.strip():
        return np.zeros(0)
    parts, n_before = [], 0
    for piece in _pieces(inner, b","):
        try:
            numbers = msgspec.json.decode(b"[" + piece + b"]", type=list[float])
        except (msgspec.DecodeError, RecursionError) as error:
            where = f"after sample {n_before}" if n_before else "at its beginning"
            raise DecodeError(
                f"The JSON is no array of numbers, {where}: {shown(error)}. Send [0.1, -0.2, ...]."
            ) from None
        parts.append(np.array(numbers, dtype=np.float64))
        n_before += len(numbers)
    return np.concatenate(parts)


def _csv(text: bytes) -> FloatArray:
    head, _, rest = text.partition(b"\n")
    if not _is_number(head):
        if b"\0" in head or not _is_number(rest.partition(b"\n")[0]):
            raise DecodeError(
                f"The body is none of {KNOWN}. It begins {shown(repr(text[:24]))}; numbers take a "
                "decimal point, and one column."
            )
        text = rest
    parts, n_before = [], 0
    for piece in _pieces(text, b"\n"):
        words = [word for line in piece.split(b"\n") if (word := line.strip())]
        try:
            parts.append(np.array(words, dtype="S").astype(np.float64))
        except ValueError:
            at = next(i for i, word in enumerate(words) if not _is_number(word))
            raise DecodeError(
                f"Line {n_before + at + 1} of the column is {shown(repr(words[at]))}, no number. "
                "Send one column, with a decimal point."
            ) from None
        n_before += len(words)
    return np.concatenate(parts) if parts else np.zeros(0)


def _pieces(text: bytes, separator: bytes) -> Iterator[bytes]:
    """Yield the text cut at separators, about `PIECE_BYTES` each."""
    at = 0
    while at <= len(text):
        cut = text.find(separator, at + PIECE_BYTES)
        if cut < 0:
            yield text[at:]
            return
        yield text[at:cut]
        at = cut + 1


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word
