"""Bounded gunzip: a small body cannot unpack to a huge one."""

from __future__ import annotations

import zlib

from telltale.errors import DecodeError, TooLargeError

MAX_BYTES = 64 * 1024 * 1024
MAX_RATIO = 200  # telemetry in JSON packs about 5 to 20 times
_STEP_BYTES = 1024 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def gunzip(body: bytes, *, max_bytes: int = MAX_BYTES, max_ratio: int = MAX_RATIO) -> bytes:
    """Unpack a gzip or zlib body, never holding more than max_bytes.

    Raises:
        TooLargeError: It unpacks to more than max_bytes, or to more than max_ratio times its size.
        DecodeError: It is broken or cut off.
    """
    parts: list[bytes] = []
    size = 0
    packed = body
    while packed:
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        while not unpacker.eof:
            part = _unpack(unpacker, packed)
            packed = unpacker.unconsumed_tail
            size += len(part)
            _check(size, len(body), max_bytes, max_ratio)
            parts.append(part)
            if not part and not packed and not unpacker.eof:
                raise DecodeError(f"The gzip body ends too early, at byte {len(body)}. Resend it.")
        packed = unpacker.unused_data  # gzip members may follow one another
    return b"".join(parts)


def _unpack(unpacker: zlib._Decompress, packed: bytes) -> bytes:
    try:
        return unpacker.decompress(packed, _STEP_BYTES)
    except zlib.error as error:
        raise DecodeError(
            f"The body is not gzip ({error}). Pack it with gzip, or leave out Content-Encoding."
        ) from None


def _check(size: int, packed_size: int, max_bytes: int, max_ratio: int) -> None:
    if size > max_bytes:
        raise TooLargeError(
            f"The gzip body unpacks to more than the limit of {max_bytes} bytes. Send less at once."
        )
    if size > _STEP_BYTES and size > packed_size * max_ratio:
        raise TooLargeError(
            f"The gzip body unpacks to more than {max_ratio} times its {packed_size} bytes, "
            "which no telemetry does. Send it unpacked."
        )


def gunzip_head(head: bytes, max_bytes: int) -> bytes:
    """Unpack what the first part of a gzip file holds, at most max_bytes. Raises DecodeError."""
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        return unpacker.decompress(head, max_bytes)
    except zlib.error as error:
        raise DecodeError(f"The file is not gzip ({error}). Pack it again.") from None
