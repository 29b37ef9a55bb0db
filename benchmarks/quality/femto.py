"""Judges remaining life from few failures on the FEMTO bearings (IEEE PHM 2012 challenge).

Learns from the complete lives of --train. Of each bearing of --data that was cut, only the first
`snapshots_given_at_test` snapshots are fed to the model as it runs live, and its last answer is
judged by the challenge's score. The value that it gives is the quantile of its distribution that
scores best if that distribution is true: late answers cost more than early ones.

When the judged folder has complete lives only, each is left out in turn and cut at 40 shares of its
life from 50 to 95 %; `errors` are then each bearing's median. That a part is asked about in the
second half of its life is the one thing assumed beyond the data. `score_path` is the baseline: an
exponential through the smoothed vibration, drawn out to the level at which the training lives
ended; where it has no trend, the median life left of a Weibull distribution of the training lives.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
from common import answers, arguments, csv_rows, parquet_columns, report

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.models.base import Model
from telltale.models.card import Training
from telltale.models.folder import made_model
from telltale.models.life.degradation_path import crossing, fit_path
from telltale.models.life.few_lives import FewLivesHow, trained_few_lives
from telltale.models.life.few_lives_core import VALUE
from telltale.models.life.weibull import fit_weibull
from telltale.pipeline.metrics.rolling import Smoothed, ewma

SNAPSHOT_S = 10.0
HOW = FewLivesHow(age="age_s", sign="h_rms", sign_unit="g", smooth_s=300.0, from_age=0.0)
FULL_LIFE = 0  # remaining life in the index of a bearing that was not cut
ORGANISERS_S = {"Bearing1_4": 339.0}  # their table; the files give 2,890 s. See the README.
PIECE_ROWS = 50
LAST_SNAPSHOTS = 6
BEST_OF = np.linspace(0.02, 0.6, 59)  # quantiles


def bearing(path: Path, snapshots: int | None = None) -> Batch:
    """Return the first snapshots of a bearing, all of them if None."""
    columns = parquet_columns(path)
    n = len(columns["snapshot"]) if snapshots is None else snapshots
    snapshot = columns["snapshot"][:n].astype(np.float64)
    time_ns = ((snapshot - 1.0) * SNAPSHOT_S * NS_PER_S).astype(np.int64)
    sign = columns[HOW.sign][:n].astype(np.float64)
    return Batch(path.stem, time_ns, {HOW.age: snapshot * SNAPSHOT_S, HOW.sign: sign})


def score_of(true_s: FloatArray, said_s: FloatArray) -> FloatArray:
    """Return the challenge's accuracy of each answer, 0 to 1."""
    error = 100.0 * (true_s - said_s) / true_s
    half = np.log(0.5)
    is_late = error <= 0.0
    late, early = np.minimum(error, 0.0), np.maximum(error, 0.0)
    return np.where(is_late, np.exp(-half * late / 5.0), np.exp(half * early / 20.0))


def best_quantile(spread: float) -> float:
    """Return the quantile that scores best if ln(remaining life) has this spread."""
    normal = NormalDist()
    true_s = np.exp([normal.inv_cdf((k + 0.5) / 2000) * spread for k in range(2000)])
    said_s = np.exp([normal.inv_cdf(float(q)) * spread for q in BEST_OF])
    means = [float(score_of(true_s, np.full(len(true_s), said)).mean()) for said in said_s]
    return float(BEST_OF[int(np.argmax(means))])


def trained(lives: list[Batch]) -> Model:
    """Learn the line, then the quantile that suits the challenge's score."""
    training = Training(f"FEMTO, {len(lives)} bearings run to failure.", is_simulated=False)
    card, _ = trained_few_lives("bearing_life", lives, HOW, training)
    how = replace(HOW, quantile=best_quantile(card.settings["spread"]))
    return made_model(*trained_few_lives("bearing_life", lives, how, training))


class Baseline:
    """The degradation path to the level at which training lives ended, else Weibull's median."""

    def __init__(self, lives: list[Batch]) -> None:
        ends = [float(smoothed(life)[-LAST_SNAPSHOTS:].mean()) for life in lives]
        self._limit = float(np.median(ends))
        ages = np.array([life.columns[HOW.age][-1] for life in lives])
        self._lives = fit_weibull(ages, np.ones(len(ages), dtype=np.bool_))

    def remaining_s(self, seen: Batch) -> float:
        """Return remaining life after what was seen."""
        age = seen.columns[HOW.age]
        found = crossing(fit_path(age, smoothed(seen), "exponential"), self._limit)
        if found is not None:
            return found.expected
        return float(self._lives.remaining(age[-1:], 0.5)[0])


def smoothed(seen: Batch) -> FloatArray:
    """Return the sign of wear as the model smooths it."""
    values = seen.columns[HOW.sign]
    return ewma(seen.time_ns, values, Smoothed(), time_constant_s=HOW.smooth_s)[0]


def left_out(lives: list[Batch]) -> dict[str, object]:
    """Leave each complete life out in turn and cut it as a test bearing is cut."""
    errors, scores, paths = {}, [], []
    for life in lives:
        others = [other for other in lives if other is not life]
        model, baseline = trained(others), Baseline(others)
        said_s = answers(model, life, PIECE_ROWS)[VALUE]
        cut = np.unique((np.linspace(*HOW.cuts, HOW.n_cuts) * len(life)).astype(np.int64))
        true_s = (len(life) - cut) * SNAPSHOT_S
        path_s = np.array([baseline.remaining_s(life.rows(0, int(n))) for n in cut])
        error = 100.0 * (true_s - said_s[cut - 1]) / true_s
        errors[life.machine] = round(float(np.median(error)), 1)
        scores.append(float(score_of(true_s, said_s[cut - 1]).mean()))
        paths.append(float(score_of(true_s, path_s).mean()))
    return {
        "score": round(float(np.mean(scores)), 3),
        "errors": errors,
        "score_path": round(float(np.mean(paths)), 3),
        "protocol": "leave one bearing out, 40 cuts at 50 to 95 % of life",
    }


def cut_bearings(lives: list[Batch], data: Path, index: list[dict[str, str]]) -> dict[str, object]:
    """Judge the bearings that the index says were cut."""
    model, baseline = trained(lives), Baseline(lives)
    names = [row["bearing"] for row in index]
    true_s = np.array([float(row["rul_at_cut_s"]) for row in index])
    seen = [
        bearing(
            data / "features" / f"{row['bearing']}.parquet", int(row["snapshots_given_at_test"])
        )
        for row in index
    ]
    said_s = np.array([float(answers(model, one, PIECE_ROWS)[VALUE][-1]) for one in seen])
    path_s = np.array([baseline.remaining_s(one) for one in seen])
    theirs_s = np.array([ORGANISERS_S.get(n, t) for n, t in zip(names, true_s, strict=True)])
    error = 100.0 * (true_s - said_s) / true_s
    return {
        "score": round(float(score_of(true_s, said_s).mean()), 3),
        "errors": {n: round(float(e), 1) for n, e in zip(names, error, strict=True)},
        "score_path": round(float(score_of(true_s, path_s).mean()), 3),
        "score_organisers_table": round(float(score_of(theirs_s, said_s).mean()), 3),
        "remaining_life_s": {n: round(float(s)) for n, s in zip(names, said_s, strict=True)},
        "protocol": "learnt from the complete lives of --train, cut as the index says",
    }


def complete_lives(folder: Path) -> list[Batch]:
    """Return the bearings of a folder that were not cut, by name."""
    rows = [row for row in csv_rows(folder / "index.csv") if is_complete(row)]
    return [bearing(folder / "features" / f"{row['bearing']}.parquet") for row in rows]


def is_complete(row: dict[str, str]) -> bool:
    """True if the index says that all of a life was given."""
    return float(row["rul_at_cut_s"]) == FULL_LIFE


def main() -> None:
    folders = arguments("femto")
    index = [row for row in csv_rows(folders.data / "index.csv") if not is_complete(row)]
    lives = complete_lives(folders.train)
    report(folders, cut_bearings(lives, folders.data, index) if index else left_out(lives))


if __name__ == "__main__":
    main()
