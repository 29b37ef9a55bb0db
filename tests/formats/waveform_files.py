"""Writes waveforms as recorders write them."""

from __future__ import annotations

import io
import struct

import numpy as np

from telltale.batch import FloatArray
from telltale.formats.waveform_wav import EXTENSIBLE, FLOAT, PCM


def npy(samples: np.ndarray) -> bytes:
    """Return a NumPy file."""
    stream = io.BytesIO()
    np.save(stream, samples)
    return stream.getvalue()


def wav(
    samples: FloatArray, rate_hz: int, kind: int = PCM, bits: int = 16, *, extensible: bool = False
) -> bytes:
    """Return a WAV file of samples from -1 to 1, shape (n,) or (n, channels)."""
    columns = samples.reshape(len(samples), -1)
    if kind == FLOAT:
        data = columns.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        data = np.rint(columns * 127.0 + 128.0).astype("u1").tobytes()
    else:
        whole = np.rint(columns * (2.0 ** (bits - 1) - 1.0)).astype("<i4")
        data = whole.astype("<i4").reshape(-1, 1).view("u1")[:, : bits // 8].tobytes()
    channels = columns.shape[1]
    tag = EXTENSIBLE if extensible else kind
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits)
    if extensible:
        form += struct.pack("<HHIH14s", 22, bits, 0, kind, b"\0" * 14)
    return riff([(b"fmt ", form), (b"LIST", b"odd"), (b"data", data)])


def riff(chunks: list[tuple[bytes, bytes]], declared: int | None = None) -> bytes:
    """Return a RIFF file; the last chunk declares so many bytes if said."""
    body = b"WAVE"
    for at, (name, data) in enumerate(chunks):
        is_last = at == len(chunks) - 1
        size = declared if is_last and declared is not None else len(data)
        body += struct.pack("<4sI", name, size) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body) & 0xFFFFFFFF) + body
