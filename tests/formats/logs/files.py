"""Small logs in the layouts that the loggers' own programs write, made here."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

SAMPLES = Path(__file__).parent / "samples"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(SAMPLES.iterdir())}
_MLG_TYPES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "q", 7: "f", 10: "B"}


def mlg(
    fields: Sequence[tuple[int, str, str, float, float]],
    rows: Sequence[Sequence[float]],
    *,
    version: int = 1,
    started_s: int = 1_599_009_942,
    marker_before: int | None = None,
    broken: int | None = None,
) -> bytes:
    """Return a MegaLog file: fields are type, name, unit, scale, transform; rows are raw."""
    table = b"".join(
        struct.pack(">B34s10sBffb", kind, name.encode(), unit.encode(), 0, scale, transform, 1)
        + bytes(34 if version == 2 else 0)
        for kind, name, unit, scale, transform in fields
    )
    info = b'"made for a test"\n\0'
    layout = ">6sHIHIHH" if version == 1 else ">6sHIIIHH"
    size = struct.calcsize(layout)
    pack = struct.Struct(">" + "".join(_MLG_TYPES[field[0]] for field in fields))
    head = struct.pack(
        layout,
        b"MLVLG\0",
        version,
        started_s,
        size + len(table),
        size + len(table) + len(info),
        pack.size,
        len(fields),
    )
    blocks = b""
    for i, row in enumerate(rows):
        if i == marker_before:
            blocks += struct.pack(">BBH50s", 1, i % 256, i * 100 % 65536, b"a note")
        data = pack.pack(*row)
        total = sum(data) + (1 if i == broken else 0)
        blocks += struct.pack(">BBH", 0, i % 256, i * 5000 % 65536) + data + bytes((total % 256,))
    return head + table + info + blocks
