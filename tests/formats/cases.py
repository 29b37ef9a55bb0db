"""The recorded cases of files: `tests/cases/formats/<case>/{input*, expected.csv}`."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path

from telltale.batch import Batch, concat
from telltale.formats.base import Decoded
from telltale.formats.files import read_file

FOLDER = Path(__file__).parent.parent / "cases" / "formats"
CASES = sorted(path for path in FOLDER.iterdir() if path.is_dir())
GOOD = [case for case in CASES if (case / "expected.csv").exists()]
BAD = [case for case in CASES if (case / "expected_error.txt").exists()]


def input_of(case: Path) -> Path:
    """Return the case's input file."""
    (path,) = case.glob("input*")
    return path


def joined(pieces: Iterable[Decoded]) -> dict[str, Batch]:
    """Join what was decoded piece by piece, per machine."""
    parts: dict[str, list[Batch]] = {}
    for piece in pieces:
        for batch in piece.batches:
            parts.setdefault(batch.machine, []).append(batch)
    return {machine: concat(batches) for machine, batches in sorted(parts.items())}


def as_csv(pieces: Iterable[Decoded]) -> str:
    """Write decoded samples, and what was refused, as the text that a case expects."""
    pieces = list(pieces)
    machines = joined(pieces)
    names = sorted({name for batch in machines.values() for name in batch.columns})
    units: dict[str, str] = {}
    for piece in pieces:
        units |= piece.units
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\n")
    out.writerow(["machine", "time_ns", *(_titled(name, units) for name in names)])
    for machine, batch in machines.items():
        whole = batch.select(names)
        for i in range(len(whole)):
            values = (float(whole.columns[name][i]) for name in names)
            cells = ["" if math.isnan(value) else f"{value:.9g}" for value in values]
            out.writerow([machine, int(whole.time_ns[i]), *cells])
    for piece in pieces:
        for reason in piece.reasons:
            out.writerow(["refused", reason.row, reason.field or "", reason.value or ""])
    return buffer.getvalue()


def _titled(name: str, units: dict[str, str]) -> str:
    return f"{name} [{units[name]}]" if name in units else name


def read_case(case: Path) -> list[Decoded]:
    """Read the case's input file whole."""
    return list(read_file(input_of(case)))
