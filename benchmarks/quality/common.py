"""What the judge scripts share: their arguments, reading the sets, and the line of JSON at the end.

Run one as `python benchmarks/quality/NAME.py --data DIR [--train DIR] --json`.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.formats.parquet import read_chunks
from telltale.models.base import Model

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
STARTED_S = time.perf_counter()


@dataclass(frozen=True, slots=True)
class Folders:
    """Which folder is judged, and which may be fitted and tuned on.

    Attributes:
        data: Judged.
        train: Learnt from; by default the share of this set that may be.
        options: What else the script was asked.
    """

    data: Path
    train: Path
    options: argparse.Namespace

    @property
    def are_same(self) -> bool:
        """True if the judged folder is the one learnt from: then cross-validate."""
        return self.data.resolve() == self.train.resolve()


def arguments(name: str, **choices: tuple[str, str]) -> Folders:
    """Read the command line. `choices` are further options: name to (default, help)."""
    parser = argparse.ArgumentParser(description=f"Judges telltale on the set {name}.")
    parser.add_argument("--data", type=Path, default=SHARED / name, help="folder that is judged")
    parser.add_argument("--train", type=Path, default=SHARED / name, help="folder learnt from")
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    for option, (default, text) in choices.items():
        parser.add_argument(f"--{option.replace('_', '-')}", default=default, help=text)
    read = parser.parse_args()
    for folder in (read.data, read.train):
        if not folder.is_dir():
            parser.error(f"{folder} is not a folder. Give --data and --train.")
    return Folders(read.data, read.train, read)


def report(folders: Folders, result: Mapping[str, Any]) -> None:
    """Print the result: for people unless --json, then as one JSON object on the last line."""
    whole = {**result, "seconds": round(time.perf_counter() - STARTED_S, 1)}
    if not folders.options.json:
        for key, value in whole.items():
            print(f"{key}: {value}")
    print(json.dumps(whole, allow_nan=False))


def parquet_columns(path: Path) -> dict[str, FloatArray]:
    """Return a Parquet file's numeric columns, each shape (n,)."""
    chunks = [chunk.columns for chunk in read_chunks(path)]
    names = [name for name in chunks[0] if not isinstance(chunks[0][name], list)]
    return {name: np.concatenate([np.asarray(c[name]) for c in chunks]) for name in names}


def csv_rows(path: Path) -> list[dict[str, str]]:
    """Return a CSV file's rows by column name."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def answers(model: Model, batch: Batch, rows: int) -> dict[str, FloatArray]:
    """Return what a model answers to a batch, fed in order in pieces of so many rows, as live."""
    state, found = model.start(), []
    for start in range(0, len(batch), rows):
        prediction, state = model.run(batch.rows(start, start + rows), state)
        found.append(prediction.columns)
    return {name: np.concatenate([columns[name] for columns in found]) for name in found[0]}


def auroc(is_positive: FloatArray, score: FloatArray) -> float:
    """Return the chance that a positive scores above a negative, ties counting half."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    first = np.searchsorted(ordered, ordered, side="left")
    last = np.searchsorted(ordered, ordered, side="right")
    rank = (first + last + 1) / 2.0
    positive = np.asarray(is_positive, dtype=np.bool_)[order]
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    above = float(rank[positive].sum()) - n_positive * (n_positive + 1) / 2.0
    return above / (n_positive * n_negative)
