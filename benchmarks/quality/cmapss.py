"""Judges remaining life on NASA's C-MAPSS turbofan sets (simulated engines).

Learns from `train_<set>.txt` of the judged folder, as the set's protocol asks; each unit of
`test_<set>.txt` is then fed cycle by cycle to the model as it runs live, and its answer at the
last cycle is judged. The truth is not capped, but for `rmse_capped` (125 cycles, as many papers
cap it, and the answer too). `cv_*` are the same numbers on the training units, held out in turn
and cut at every cycle from the 30th on with at most 150 cycles left: test units are cut 7 to 145
cycles before failure.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import answers, arguments, report

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import DecodeError
from telltale.models.card import Training
from telltale.models.estimates.intervals import bound
from telltale.models.estimates.train import Trained
from telltale.models.folder import made_model
from telltale.models.life.remaining_life import LifeSettings, trained_remaining_life

# One cycle is one second of sample time: the sets have no clock.
SETTINGS = LifeSettings(step_s=1.0, unit="count", age="cycle")
CAP = 125.0
SENSORS = (
    *("t2", "t24", "t30", "t50", "p2", "p15", "p30", "nf", "nc", "epr", "ps30", "phi", "nrf"),
    *("nrc", "bpr", "farb", "htbleed", "nf_dmd", "pcnfr_dmd", "w31", "w32"),
)
FIRST_SENSOR = 5  # before: unit, cycle, three operational settings
PIECE_ROWS = 20
LEAST_CYCLES, MOST_LEFT = 30, 150
SEED = 0


def units(path: Path) -> list[Batch]:
    """Return one batch per unit, in the order of their numbers."""
    rows = np.loadtxt(path, ndmin=2)
    if rows.shape[1] != FIRST_SENSOR + len(SENSORS):
        raise DecodeError(f"{path.name}: {rows.shape[1]} columns, 26 expected. See the README.")
    return [_unit(int(number), rows[rows[:, 0] == number]) for number in np.unique(rows[:, 0])]


def _unit(number: int, rows: FloatArray) -> Batch:
    time_ns = (rows[:, 1] * NS_PER_S).astype(np.int64)
    sensors = {name: rows[:, FIRST_SENSOR + i].copy() for i, name in enumerate(SENSORS)}
    return Batch(f"unit-{number}", time_ns, {"cycle": rows[:, 1].copy(), **sensors})


def only_set(folder: Path) -> str:
    """Return the name of the first set that the folder can judge, by name."""
    names = sorted(path.stem.removeprefix("RUL_") for path in folder.glob("RUL_*.txt"))
    if not names:
        raise DecodeError(
            f"{folder}: no RUL_<set>.txt in it. Give the folder of the set as --data."
        )
    return names[0]


def trained(lives: list[Batch], name: str) -> Trained:
    """Learn from complete lives."""
    data = Training(f"C-MAPSS {name}, simulated turbofans.", is_simulated=True)
    rng = np.random.default_rng(SEED)
    return trained_remaining_life(name.lower(), lives, SETTINGS, rng, training=data)


def last_answers(learnt: Trained, tests: list[Batch]) -> FloatArray:
    """Return value, lower and upper bound at each unit's last cycle, shape (units, 3)."""
    model = made_model(learnt.card, learnt.files)
    found = [answers(model, unit, PIECE_ROWS) for unit in tests]
    return np.array([[answer[name][-1] for name in SETTINGS.outputs] for answer in found])


def scores(predicted: FloatArray, truth: FloatArray) -> dict[str, float]:
    """Return RMSE, RMSE with both sides capped, and NASA's score, a sum over units."""
    late = predicted - truth
    capped = np.minimum(predicted, CAP) - np.minimum(truth, CAP)
    nasa = np.where(late < 0.0, np.expm1(-late / 13.0), np.expm1(late / 10.0))
    return {
        "rmse": round(float(np.sqrt(np.mean(late**2))), 3),
        "rmse_capped": round(float(np.sqrt(np.mean(capped**2))), 3),
        "score": round(float(nasa.sum()), 1),
    }


def cross_validated(learnt: Trained) -> dict[str, float]:
    """Return RMSE on training units that were held out, each unit counting alike."""
    table = learnt.table
    age = table.columns[:, learnt.card.columns.index(SETTINGS.age)]
    is_cut = (age >= LEAST_CYCLES) & (table.truth <= MOST_LEFT)
    weight = 1.0 / np.bincount(table.run[is_cut])[table.run[is_cut]]
    late = learnt.held_out[is_cut] - table.truth[is_cut]
    capped = np.minimum(learnt.held_out, CAP) - np.minimum(table.truth, CAP)
    low, high = (
        bound(learnt.settings.table, learnt.held_out, learnt.scale, level) for level in (0.05, 0.95)
    )
    covered = ((table.truth >= low) & (table.truth <= high))[is_cut]
    means = (np.average(x, weights=weight) for x in (late**2, capped[is_cut] ** 2, covered))
    square, capped_square, share = (float(mean) for mean in means)
    return {
        "cv_rmse": round(square**0.5, 3),
        "cv_rmse_capped": round(capped_square**0.5, 3),
        "cv_coverage_90": round(share, 3),
    }


def main() -> None:
    folders = arguments(
        "cmapss", set=("", "which sub-set, e.g. FD001; may be left out if the folder holds one")
    )
    name = folders.options.set or only_set(folders.data)
    has_own = (folders.data / f"train_{name}.txt").is_file()
    source = folders.data if has_own else folders.train
    learnt = trained(units(source / f"train_{name}.txt"), name)
    found = last_answers(learnt, units(folders.data / f"test_{name}.txt"))
    truth = np.loadtxt(folders.data / f"RUL_{name}.txt", ndmin=1)
    covered = (truth >= found[:, 1]) & (truth <= found[:, 2])
    result = {
        **scores(found[:, 0], truth),
        "coverage_90": round(float(covered.mean()), 3),
        "mean_width_90": round(float((found[:, 2] - found[:, 1]).mean()), 1),
        "units": len(truth),
        "set": name,
        **cross_validated(learnt),
    }
    report(folders, result)


if __name__ == "__main__":
    main()
