"""Reads the samples of a WAV file: PCM of 8 to 32 bits and IEEE floats, as they are declared."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import DecodeError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
MAX_CHANNELS = 64
KINDS = {  # (tag, bits) -> dtype of one sample, and what full scale is
    (PCM, 8): ("u1", 128.0),
    (PCM, 16): ("<i2", 2.0**15),
    (PCM, 32): ("<i4", 2.0**31),
    (FLOAT, 32): ("<f4", 1.0),
    (FLOAT, 64): ("<f8", 1.0),
}


@dataclass(frozen=True, slots=True)
class WavFile:
    """What a WAV file holds.

    Attributes:
        samples: Shape (n, channels); integers in parts of full scale, -1 to 1.
        rate_hz: Sampling rate.
        is_float: True when the samples are numbers as they were measured.
    """

    samples: FloatArray
    rate_hz: float
    is_float: bool


@dataclass(frozen=True, slots=True)
class _Form:
    tag: int
    channels: int
    rate_hz: int
    bits: int


def read_wav(body: bytes) -> WavFile:
    """Return what a WAV file holds.

    Nothing is reserved by what a header declares: it is compared with what is there.

    Raises:
        DecodeError: It is cut off, or its samples are of another kind.

    Source:
        Microsoft, Multiple channel audio data and WAVE files, 2007.
    """
    form: _Form | None = None
    for name, start, size in _chunks(body):
        if name == b"fmt ":
            form = _form(body[start : start + size])
        elif name == b"data":
            if form is None:
                raise DecodeError("The WAV file has its data before its format chunk.")
            samples = _samples(memoryview(body)[start : start + size], form)
            return WavFile(samples, float(form.rate_hz), form.tag == FLOAT)
    raise DecodeError("The WAV file has no data chunk. Was it written to its end?")


def _chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and size of each chunk. Raises DecodeError where one is cut off."""
    at = 12
    while at + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, at)
        start = at + 8
        if size > len(body) - start:
            raise DecodeError(
                f"The WAV file's {name.decode('latin-1').strip()!r} chunk declares {size:,} bytes "
                f"and {len(body) - start:,} are there. It was cut off, or not written to its end."
            )
        yield name, start, size
        at = start + size + size % 2  # chunks are padded to even lengths


def _form(chunk: bytes) -> _Form:
    if len(chunk) < 16:
        raise DecodeError("The WAV file's format chunk is too short.")
    tag, channels, rate_hz, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    if (tag, bits) not in KINDS and (tag, bits) != (PCM, 24):
        raise DecodeError(
            f"The WAV file's samples are of kind {tag} with {bits} bits. PCM of 8, 16, 24 or 32 "
            "bits and floats of 32 or 64 are read."
        )
    if not 1 <= channels <= MAX_CHANNELS or rate_hz < 1 or frame_bytes != channels * bits // 8:
        raise DecodeError(
            f"The WAV file's header contradicts itself: {channels} channels, {rate_hz} Hz, "
            f"{frame_bytes} bytes per frame of {bits}-bit samples."
        )
    return _Form(tag, channels, rate_hz, bits)


def _samples(data: memoryview, form: _Form) -> FloatArray:
    frame_bytes = form.channels * form.bits // 8
    if len(data) % frame_bytes:
        raise DecodeError(
            f"The WAV file's {len(data):,} bytes of samples are no whole number of frames of "
            f"{frame_bytes} bytes. It was cut off."
        )
    if (form.tag, form.bits) == (PCM, 24):
        parts = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3).astype(np.int32)
        whole = (parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24) >> 8
        values = whole.astype(np.float64) / 2.0**23
    else:
        kind, full = KINDS[form.tag, form.bits]
        values = np.frombuffer(data, dtype=kind).astype(np.float64)
        values = (values - 128.0 if form.bits == 8 else values) / full
    samples: FloatArray = values.reshape(-1, form.channels)
    return samples
