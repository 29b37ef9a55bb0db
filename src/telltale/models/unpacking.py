"""How much a packed file may unpack to: found from its list of contents, before any memory goes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

from telltale.errors import ModelError

MAX_UNPACKED_BYTES = 128 * 2**20  # the largest model of ONNX that is taken has half of it
MAX_RATIO = 30  # arrays of numbers pack to a half at best; sparse ones to a tenth
ANY_RATIO_BYTES = 8 * 2**20  # a few constant columns pack by far more, and cost nothing


def check_unpacked(entries: Iterable[zipfile.ZipInfo], packed_bytes: int, where: str) -> None:
    """Refuse an archive that would take far more memory than its size lets expect.

    `zipfile` gives no more of an entry than its listed size, so the list can be believed.

    Args:
        entries: Of the archive.
        packed_bytes: Its own size.
        where: Its name, for the message.

    Raises:
        ModelError: It unpacks to too much, as it is or for its size.
    """
    unpacked_bytes = sum(entry.file_size for entry in entries)
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise ModelError(
            f"{where}: unpacks to {unpacked_bytes / 2**20:.0f} MB; at most "
            f"{MAX_UNPACKED_BYTES // 2**20} MB are taken."
        )
    if unpacked_bytes > max(ANY_RATIO_BYTES, MAX_RATIO * packed_bytes):
        raise ModelError(
            f"{where}: unpacks to {unpacked_bytes / max(1, packed_bytes):.0f} times its size; at "
            f"most {MAX_RATIO} times are taken. Pack what is meant, without padding."
        )


def unpacked_bytes(data: bytes) -> int:
    """Return what a zip file unpacks to; its own size if it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return sum(entry.file_size for entry in packed.infolist())
    except zipfile.BadZipFile:
        return len(data)
