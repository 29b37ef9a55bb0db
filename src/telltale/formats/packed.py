"""Opens files that may be packed: gzip, or a zip that holds one file. Never unpacked to disk."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from telltale.errors import DecodeError
from telltale.formats.gzip_body import gunzip_head

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_NAMES_SHOWN = 3
_LOCAL_HEADER = struct.Struct("<4x2xHH4x4x4x4xHH")  # flags, method, lengths of name and extra
_ENCRYPTED, _STORED, _DEFLATED = 1, 0, 8
# What reading on may raise, beside OSError
BROKEN = (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error)
_PACKED_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error)


def opened(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked as it is read. Raises DecodeError."""
    with path.open("rb") as file:
        start = file.read(len(ZIP))
    if start == ZIP:
        return _opened_zip(path)
    return cast("BinaryIO", gzip.open(path, "rb")) if start[:2] == GZIP else path.open("rb")


def _opened_zip(path: Path) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(path)
    except _PACKED_ERRORS as error:
        raise DecodeError(f"{path.name} is a broken zip file ({error}). Pack it again.") from None
    names = [name for name in archive.namelist() if _is_data(name)]
    try:
        if "xl/workbook.xml" in names:
            raise DecodeError(f"{path.name} is an Excel workbook. Save its sheet as CSV.")
        if len(names) != 1:
            shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if names[_NAMES_SHOWN:] else "")
            raise DecodeError(
                f"{path.name} holds {len(names)} files{': ' if names else ''}{shown}. "
                "Unpack it and import each by itself."
            )
        return cast("BinaryIO", archive.open(names[0]))
    except _PACKED_ERRORS as error:
        raise DecodeError(f"{path.name} cannot be unpacked ({error}). Unpack it first.") from None
    finally:
        archive.close()  # what was opened in it keeps the file open for itself


def _is_data(name: str) -> bool:
    return not name.endswith("/") and not name.startswith("__MACOSX/")


def packed_place(file: BinaryIO) -> int:
    """Return how many of the file's own bytes were read, packed or not."""
    if isinstance(file, zipfile.ZipExtFile):
        shared = file._fileobj  # type: ignore[attr-defined]  # has no public tell
        return int(shared.tell())
    on_disk: BinaryIO = getattr(file, "fileobj", file)
    return on_disk.tell()


def unpacked_head(head: bytes, max_bytes: int) -> bytes:
    """Return what the first part of a file holds, at most max_bytes if packed.

    Raises:
        DecodeError: It cannot be unpacked.
    """
    if head.startswith(GZIP):
        return gunzip_head(head, max_bytes)
    return _unzipped_head(head, max_bytes) if head.startswith(ZIP) else head


def _unzipped_head(head: bytes, max_bytes: int) -> bytes:
    if len(head) < _LOCAL_HEADER.size:
        raise DecodeError("The zip file is cut off. Pack it again.")
    flags, method, n_name, n_extra = _LOCAL_HEADER.unpack_from(head)
    body = head[_LOCAL_HEADER.size + n_name + n_extra :]
    name = head[_LOCAL_HEADER.size :][:n_name]
    if name.startswith((b"[Content_Types]", b"xl/", b"_rels/")):
        raise DecodeError("The file is an Excel workbook. Save its sheet as CSV.")
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise DecodeError("The zip file is encrypted, or packed in a rare way. Unpack it first.")
    if method == _STORED:
        return body[:max_bytes]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, max_bytes)
    except zlib.error as error:
        raise DecodeError(f"The zip file is broken ({error}). Pack it again.") from None
