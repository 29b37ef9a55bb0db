"""Makes `rotating_machine_faults`: 35 channels to the intensity of eight kinds of fault.

`python -m training.rotating_machine` simulates machines whose faults come and go, trains the
network on some and measures it on others. Four minutes on one core. Simulated, and labelled so.
"""

from __future__ import annotations

import logging
import time

import numpy as np
from torch.nn.functional import mse_loss

from telltale.batch import FloatArray
from telltale.models.card import Card, Input, Measured, Training
from telltale.models.faults.catalogue import catalogue
from telltale.models.onnx_files.core import FILE
from telltale.models.onnx_files.graph import OnnxGraph
from telltale.profiles.load import builtin_profiles
from telltale.profiles.schema import Limits, Output
from telltale.simulators.rotating_machine import RotatingPlant
from training.dense_network import Network, add_network, answers, new_network, train
from training.shipping import parity_batch, rows_hash, ship
from training.simulated import Plan, Readings, simulate

log = logging.getLogger(__name__)

PROFILE = "rotating_machine"
HIDDEN = (512, 256, 128, 64, 32)
TRAIN, TRAIN_SEED = Plan(160, length_s=1800.0, warm_up_s=300.0, every_s=2.0, most_faults=3), 1
TEST, TEST_SEED = Plan(40, length_s=1800.0, warm_up_s=300.0, every_s=2.0, most_faults=3), 2
EPOCHS = 40
SEED = 3
LIMIT_PCT = 50.0  # an intensity that is worth an alarm
PARITY_ROWS = 64

# What each fault of the simulator makes of each kind: severity at which it begins and is full, and
# how far it then goes. A bearing's damage walks from early to late as it grows.
CAUSES: dict[str, dict[str, tuple[float, float, float]]] = {
    "lubrication": {"lubrication": (0.0, 1.0, 1.0)},
    "early_damage": {"bearing_defect": (0.0, 0.4, 1.0)},
    "later_damage": {"bearing_defect": (0.2, 0.7, 1.0)},
    "late_wear": {"bearing_defect": (0.5, 1.0, 1.0)},
    "high_frequency": {"bearing_defect": (0.3, 1.0, 0.8), "lubrication": (0.2, 1.0, 0.3)},
    "rotation_harmonics": {"misalignment": (0.0, 1.0, 1.0), "looseness": (0.0, 1.0, 0.8)},
    "rotation_frequency": {"imbalance": (0.0, 1.0, 1.0), "looseness": (0.0, 1.0, 0.3)},
    "low_frequency": {"looseness": (0.0, 1.0, 0.8), "imbalance": (0.0, 1.0, 0.2)},
}


def intensities_pct(levels: FloatArray) -> FloatArray:
    """Return the intensity of each kind, 0 to 100, shape (n, 8), of developments (n, faults)."""
    place = {fault.name: at for at, fault in enumerate(RotatingPlant.faults)}
    kinds = []
    for causes in CAUSES.values():
        parts = [
            height * np.clip((levels[:, place[fault]] - start) / (full - start), 0.0, 1.0)
            for fault, (start, full, height) in causes.items()
        ]
        kinds.append(100.0 * np.max(parts, axis=0))
    return np.stack(kinds, axis=1)


def graph_of(network: Network, mean: FloatArray, spread: FloatArray) -> bytes:
    """Return the network as ONNX, with both scalers inside: readings in, percent out."""
    graph = OnnxGraph((len(mean),))
    standard = graph.add("Sub", graph.input, graph.constant(mean))
    standard = graph.add("Div", standard, graph.constant(spread))
    share = add_network(graph, network, standard)
    percent = graph.add("Mul", share, graph.constant(100.0))
    bounded = graph.add("Clip", percent, graph.constant(0.0), graph.constant(100.0))
    return graph.written({"intensity_pct": (bounded, (len(CAUSES),))})


def measured(found: FloatArray, truth: FloatArray) -> tuple[Measured, ...]:
    """Return what the card says of the quality, on machines that were not trained on."""
    protocol = (
        f"{TEST.episodes} simulated machines of seed {TEST_SEED}, none trained on, "
        f"{len(truth)} rows"
    )
    is_alarm, is_due = found > LIMIT_PCT, truth > LIMIT_PCT
    healthy = (truth == 0.0).all(axis=1)
    error = np.abs(found - truth).mean(axis=0)
    figures = {
        "mean_absolute_error_pct": error.mean(),
        "r2": 1.0 - ((found - truth) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum(),
        "recall_above_50": (is_alarm & is_due).sum() / is_due.sum(),
        "precision_above_50": (is_alarm & is_due).sum() / is_alarm.sum(),
        "false_alarm_share_healthy": is_alarm[healthy].any(axis=1).mean(),
        **{
            f"mean_absolute_error_pct.{kind}": value
            for kind, value in zip(CAUSES, error, strict=True)
        },
    }
    return tuple(Measured(n, round(float(v), 4), protocol) for n, v in figures.items())


def card_of(quality: tuple[Measured, ...], training: Training, normal: FloatArray) -> Card:
    """Return the card, without what writing it adds."""
    channels = tuple(sensor.name for sensor in RotatingPlant.sensors)
    profile = builtin_profiles()[PROFILE]
    kinds = catalogue(PROFILE).categories
    outputs = {
        f"fault_{name}_pct": Output(
            title=kind.title,
            unit="%",
            scale=(0.0, 100.0),
            normal=(0.0, 25.0),
            decimals=0,
            limits=Limits(
                warn_above=LIMIT_PCT,
                critical_above=80.0,
                hysteresis=10.0,
                hold_s=10.0,
                clear_s=30.0,
                advice=kind.advice,
                source="telltale preset on a network trained on simulated machines",
            ),
        )
        for name, kind in kinds.items()
    }
    return Card(
        name="rotating_machine_faults",
        title="Faults of a rotating machine",
        task="fault",
        runtime="onnx",
        inputs={name: Input(profile.channels[name].unit) for name in channels},
        columns=channels,
        core_outputs=tuple(outputs),
        outputs=outputs,
        normal={
            name: (float(mean), float(spread))
            for name, mean, spread in zip(channels, *normal, strict=True)
        },
        training=training,
        quality=quality,
    )


def main() -> None:
    """Make the model and say how good it is."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    started_s = time.perf_counter()
    if tuple(CAUSES) != tuple(catalogue(PROFILE).categories):
        raise SystemExit("CAUSES and the fault catalogue name other kinds, or in another order.")
    learnt, unseen = (
        simulate(RotatingPlant, TRAIN, TRAIN_SEED),
        simulate(RotatingPlant, TEST, TEST_SEED),
    )
    log.info("simulated %d + %d rows", len(learnt.values), len(unseen.values))
    truth = intensities_pct(learnt.levels)
    mean, spread = learnt.values.mean(axis=0), learnt.values.std(axis=0)
    network = new_network((len(mean), *HIDDEN, len(CAUSES)), SEED)
    rows = ((learnt.values - mean) / spread).astype(np.float32)
    targets = (truth / 100.0).astype(np.float32)
    train(network, rows, targets, mse_loss, seed=SEED, epochs=EPOCHS, told=_tell)
    log.info("trained, %.0f s", time.perf_counter() - started_s)
    _ship(network, learnt, unseen, mean=mean, spread=spread, started_s=started_s)


def _ship(
    network: Network,
    learnt: Readings,
    unseen: Readings,
    *,
    mean: FloatArray,
    spread: FloatArray,
    started_s: float,
) -> None:
    standard = ((unseen.values - mean) / spread).astype(np.float32)
    found = np.clip(100.0 * answers(network, standard).astype(np.float64), 0.0, 100.0)
    quality = measured(found, intensities_pct(unseen.levels))
    training = Training(
        data=(
            f"telltale's simulator of a rotating machine: {TRAIN.episodes} machines of seed "
            f"{TRAIN_SEED}, up to three faults at once. Kinds that it cannot break (gears, "
            "electrical faults) are learnt by their symptom only."
        ),
        is_simulated=True,
        rows=len(learnt.values),
        sha256=rows_hash(learnt.values, learnt.levels),
        seconds=round(time.perf_counter() - started_s, 1),
    )
    healthy = learnt.values[(learnt.levels == 0.0).all(axis=1)]
    normal = np.stack([healthy.mean(axis=0), healthy.std(axis=0)])
    card = card_of(quality, training, normal)
    rows = unseen.values[:: len(unseen.values) // PARITY_ROWS][:PARITY_ROWS]
    samples = parity_batch(card.name, card.columns, rows, TRAIN.every_s)
    folder = ship(
        card, {FILE: graph_of(network, mean, spread)}, samples, "torch", "onnx", "onnxruntime"
    )
    size = sum(path.stat().st_size for path in folder.iterdir())
    for each in quality:
        log.info("%s: %g", each.name, each.value)
    log.info("%s: %.0f kB", folder.name, size / 1000)


def _tell(epoch: int) -> None:
    log.info("epoch %d of %d", epoch + 1, EPOCHS)


if __name__ == "__main__":
    main()
