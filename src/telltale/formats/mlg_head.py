"""What stands before the records of a MegaLog binary log: its fields, and how they are to be read.

Source: EFI Analytics, "MLG Binary Log Format", versions 1 and 2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from telltale.batch import NS_PER_S
from telltale.errors import DecodeError

MAGIC = b"MLVLG\0"
EXPORT = "Save it again from MegaLogViewer, or export it as CSV."
_TYPES = {0: "u1", 1: "i1", 2: ">u2", 3: ">i2", 4: ">u4", 5: ">i4", 6: ">i8", 7: ">f4",
          10: "u1", 11: ">u2", 12: ">u4"}  # fmt: skip
_BITS_FROM = 10  # these are flags: no scale
_HEADERS = {1: struct.Struct(">6sHIHIHH"), 2: struct.Struct(">6sHIIIHH")}
_FIELD_BYTES = {1: 55, 2: 89}
_FIELD = struct.Struct(">B34s10sBffb")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the table: what it is called, and how its number is to be read."""

    name: str
    unit: str
    scale: float
    transform: float


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the blocks.

    Attributes:
        fields: All of them, in order.
        block: A block with its head and checksum.
        started_ns: When the log began; 0 if it does not say.
        data_at: Where the first block begins.
    """

    fields: tuple[Field, ...]
    block: np.dtype[np.void]
    started_ns: int
    data_at: int


def read_head(head: bytes) -> Head:
    """Read a log's first part. Raises DecodeError."""
    version = int.from_bytes(head[6:8], "big")
    if version not in _HEADERS:
        raise DecodeError(f"The MegaLog file is of version {version}, not 1 or 2. {EXPORT}")
    layout = _HEADERS[version]
    try:
        _, _, started_s, _, data_at, length, n_fields = layout.unpack_from(head)
        rows = [
            _FIELD.unpack_from(head, layout.size + i * _FIELD_BYTES[version])
            for i in range(n_fields)
        ]
    except struct.error:
        raise DecodeError(f"The MegaLog file ends inside its table of fields. {EXPORT}") from None
    unknown = [row[0] for row in rows if row[0] not in _TYPES]
    if unknown:
        raise DecodeError(f"The MegaLog file has a field of unknown type {unknown[0]}. {EXPORT}")
    types = [_TYPES[row[0]] for row in rows]
    data = np.dtype([(f"f{i}", kind) for i, kind in enumerate(types)])
    if not rows or data.itemsize != length:
        raise DecodeError(
            f"The MegaLog file's fields take {data.itemsize} bytes, its records {length}. {EXPORT}"
        )
    block: list[tuple[Any, ...]] = [
        ("kind", "u1"), ("counter", "u1"), ("ticks", ">u2"), ("data", data), ("sum", "u1"),
    ]  # fmt: skip
    fields = tuple(_field(row) for row in rows)
    return Head(_unique(fields), np.dtype(block), started_s * NS_PER_S, data_at)


def _field(row: tuple[Any, ...]) -> Field:
    kind, name, unit, _, scale, transform, _ = row
    texts = [text.split(b"\0")[0].decode("latin-1").strip() for text in (name, unit)]
    if kind >= _BITS_FROM or not np.isfinite(scale + transform):
        scale, transform = 1.0, 0.0
    # The shortest decimals of a float32: 0.1, not 0.10000000149
    return Field(texts[0], texts[1], float(f"{scale:.7g}"), float(f"{transform:.7g}"))


def _unique(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    taken: set[str] = set()
    found = []
    for number, field in enumerate(fields):
        name = field.name or f"field {number + 1}"
        name = name if name not in taken else f"{name} ({number + 1})"
        taken.add(name)
        found.append(Field(name, field.unit, field.scale, field.transform))
    return tuple(found)
