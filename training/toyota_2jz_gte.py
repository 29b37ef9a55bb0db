"""Makes `toyota_2jz_gte_health`: a fast and a deep classifier on the same reading, and agreement.

`python -m training.toyota_2jz_gte` simulates engines whose faults come and go, grows trees and
trains a dense network on some of them, and measures both on others. Simulated, and labelled so.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import numpy as np
import xgboost
from sklearn.metrics import f1_score, roc_auc_score
from torch.nn.functional import cross_entropy

from telltale.batch import FloatArray, IntArray
from telltale.models.card import Card, Input, Measured, Training, Window
from telltale.models.faults.catalogue import catalogue
from telltale.models.onnx_files.core import FILE
from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.trees.growing import growing_device
from telltale.models.trees.write_onnx import add_trees
from telltale.models.trees.xgboost_json import xgboost_trees
from telltale.profiles.load import builtin_profiles
from telltale.profiles.schema import Limits, Output
from telltale.simulators.engine_2jz import EnginePlant
from training.dense_network import Network, add_network, answers, new_network, train
from training.engine_readings import (
    BROKEN,
    CHANNELS,
    EVERY_S,
    GAP_S,
    SAMPLES,
    SOUND,
    Labelled,
    add_features,
    features_of,
    labelled,
)
from training.shipping import parity_batch, rows_hash, ship
from training.simulated import Float32Array, Plan, simulate

log = logging.getLogger(__name__)

PROFILE = "toyota_2jz_gte"
TRAIN, TRAIN_SEED = Plan(320, length_s=1800.0, warm_up_s=120.0, every_s=1.0, most_faults=1), 11
TEST, TEST_SEED = Plan(60, length_s=1800.0, warm_up_s=120.0, every_s=1.0, most_faults=1), 15
TRAIN_EVERY = 2  # neighbours are nearly the same
HIDDEN = (64, 32, 16)
EPOCHS = 25
TREES = {"max_depth": 4, "eta": 0.2, "subsample": 0.8, "colsample_bytree": 0.8, "seed": 13}
ROUNDS = 50
XGBOOST = {"cpu": "xgboost-cpu", "cuda": "xgboost"}  # what its builds are called
SEED = 14
LIMIT_PCT = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Classifiers:
    """The two, and how the deep one's inputs are standardised."""

    booster: xgboost.Booster
    network: Network
    mean: Float32Array
    spread: Float32Array

    def shares(self, windows: Float32Array) -> dict[str, FloatArray]:
        """Return what each gives for each class, shape (n, classes), without ONNX."""
        features = features_of(windows)
        fast = self.booster.predict(xgboost.DMatrix(features)).astype(np.float64)
        found = answers(self.network, (features - self.mean) / self.spread).astype(np.float64)
        odds = np.exp(found - found.max(axis=1, keepdims=True))
        return {"fast": fast, "deep": odds / odds.sum(axis=1, keepdims=True)}


def graph_of(made: Classifiers) -> bytes:
    """Return both classifiers as one graph: what each says, how far they agree, and which fault."""
    trees, _ = xgboost_trees(bytes(made.booster.save_raw("json")))
    graph = OnnxGraph((SAMPLES, len(CHANNELS)))
    features = add_features(graph)
    fast, _ = add_trees(graph, trees, features)
    standard = graph.add("Sub", features, graph.constant(made.mean))
    standard = graph.add("Div", standard, graph.constant(made.spread))
    deep = graph.add("Softmax", add_network(graph, made.network, standard), axis=1)
    apart = graph.add("Abs", graph.add("Sub", fast, deep))
    total = graph.add("ReduceSum", apart, graph.constant([1]), keepdims=1)
    agreement = graph.add("Sub", graph.constant(1.0), graph.add("Mul", total, graph.constant(0.5)))
    mean_share = graph.add("Mul", graph.add("Add", fast, deep), graph.constant(0.5))
    kinds = graph.add("Gather", mean_share, graph.constant(np.arange(1, len(classes()))), axis=1)
    shares = graph.add(
        "Concat", _failing(graph, fast), _failing(graph, deep), agreement, kinds, axis=1
    )
    percent = graph.add("Mul", shares, graph.constant(100.0))
    return graph.written({"answer": (percent, (3 + len(EnginePlant.faults),))})


def _failing(graph: OnnxGraph, shares: str) -> str:
    healthy = graph.add("Gather", shares, graph.constant([0]), axis=1)
    return graph.add("Sub", graph.constant(1.0), healthy)


def classes() -> tuple[str, ...]:
    """Return the names of the classes, healthy first."""
    return ("healthy", *(fault.name for fault in EnginePlant.faults))


def outputs() -> dict[str, Output]:
    """Return the columns that the model gives, in the graph's order."""
    kinds = catalogue(PROFILE).categories
    return {
        "failure_fast_pct": _percent("Failure, fast classifier"),
        "failure_deep_pct": _percent("Failure, deep classifier"),
        "health_agreement_pct": _percent("Agreement of fast and deep"),
        **{
            f"fault_{name}_pct": _percent(kinds[name].title, _limits(kinds[name].advice))
            for name in classes()[1:]
        },
    }


def _percent(title: str, limits: Limits | None = None) -> Output:
    return Output(title=title, unit="%", scale=(0.0, 100.0), decimals=0, limits=limits)


def _limits(advice: str) -> Limits:
    return Limits(
        warn_above=LIMIT_PCT,
        critical_above=90.0,
        hysteresis=10.0,
        hold_s=5.0,
        clear_s=20.0,
        advice=advice,
        source="telltale preset on classifiers trained on simulated engines",
    )


def measured(
    answer: FloatArray, shares: dict[str, FloatArray], label: IntArray
) -> tuple[Measured, ...]:
    """Return what the card says of the quality, on engines that were not trained on."""
    protocol = (
        f"{TEST.episodes} simulated engines of seed {TEST_SEED}, none trained on, {len(label)} "
        f"readings; those with a fault developed to between {SOUND:g} and {BROKEN:g} left out"
    )
    figures: dict[str, float] = {}
    for name, share in shares.items():
        failing = 1.0 - share[:, 0]
        figures[f"{name}.macro_f1"] = f1_score(label, share.argmax(axis=1), average="macro")
        figures[f"{name}.failure_auroc"] = roc_auc_score(label > 0, failing)
        figures[f"{name}.false_alarm_share_healthy"] = float(np.mean(failing[label == 0] > 0.5))
        figures[f"{name}.recall"] = float(np.mean(failing[label > 0] > 0.5))
    figures["agreement_mean_pct"] = float(answer[:, 2].mean())
    both = (answer[:, 0] > LIMIT_PCT) & (answer[:, 1] > LIMIT_PCT)
    figures["both.false_alarm_share_healthy"] = float(np.mean(both[label == 0]))
    figures["both.recall"] = float(np.mean(both[label > 0]))
    return tuple(Measured(n, round(float(v), 4), protocol) for n, v in figures.items())


def main() -> None:
    """Make the model and say how good it is."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    started_s = time.perf_counter()
    readings = simulate(EnginePlant, TRAIN, TRAIN_SEED)
    learnt = labelled(readings, TRAIN_EVERY)
    unseen = labelled(simulate(EnginePlant, TEST, TEST_SEED))
    log.info("simulated %d + %d readings", len(learnt.label), len(unseen.label))
    rows = features_of(learnt.windows)
    parameters = {**TREES, "objective": "multi:softprob", "num_class": len(classes())}
    parameters |= {"nthread": 1, "device": growing_device()}
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, learnt.label), ROUNDS)
    log.info("grown, %.0f s", time.perf_counter() - started_s)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6)
    network = new_network((rows.shape[1], *HIDDEN, len(classes())), SEED)
    targets = np.eye(len(classes()), dtype=np.float32)[learnt.label]
    train(network, (rows - mean) / spread, targets, cross_entropy, seed=SEED, epochs=EPOCHS)
    log.info("trained, %.0f s", time.perf_counter() - started_s)
    training = Training(
        data=(
            f"telltale's simulator of the engine: {TRAIN.episodes} engines of seed {TRAIN_SEED}, "
            "one fault at a time at most."
        ),
        is_simulated=True,
        rows=len(learnt.label),
        sha256=rows_hash(readings.values, readings.levels),
        seconds=round(time.perf_counter() - started_s, 1),
    )
    healthy = learnt.windows[learnt.label == 0, -1].astype(np.float64)
    _ship(Classifiers(booster, network, mean, spread), unseen, training, healthy)


def _ship(made: Classifiers, unseen: Labelled, training: Training, healthy: FloatArray) -> None:
    graph, shares = graph_of(made), made.shares(unseen.windows)
    answer = OnnxSession(graph).run(unseen.windows)[0].astype(np.float64)
    for at, share in enumerate(shares.values()):
        apart = np.abs(answer[:, at] / 100.0 - (1.0 - share[:, 0])).max()
        log.info("ONNX against its source: largest difference %.2g", apart)
    quality = measured(answer, shares, unseen.label)
    profile = builtin_profiles()[PROFILE]
    card = Card(
        name="toyota_2jz_gte_health",
        title="Engine health, fast and deep",
        task="health",
        runtime="onnx",
        inputs={name: Input(profile.channels[name].unit) for name in CHANNELS},
        columns=CHANNELS,
        window=Window(samples=SAMPLES, every_s=EVERY_S, gap_s=GAP_S),
        core_outputs=tuple(outputs()),
        outputs=outputs(),
        normal={
            name: (float(column.mean()), float(column.std()))
            for name, column in zip(CHANNELS, healthy.T, strict=True)
        },
        training=training,
        quality=quality,
    )
    rows = np.concatenate(unseen.windows[:: len(unseen.windows) // 12][:12]).astype(np.float64)
    samples = parity_batch(card.name, CHANNELS, rows, EVERY_S)
    libraries = ("torch", "onnx", "onnxruntime", XGBOOST[growing_device()])
    folder = ship(card, {FILE: graph}, samples, *libraries)
    for each in quality:
        log.info("%s: %g", each.name, each.value)
    log.info("%s: %.0f kB", folder.name, sum(p.stat().st_size for p in folder.iterdir()) / 1000)


if __name__ == "__main__":
    main()
