"""Readings of simulated engines with what is wrong in each, and what classifiers see of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import IntArray
from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.onnx_files.session import OnnxSession
from telltale.simulators.engine_2jz import EnginePlant
from training.simulated import Float32Array, Readings

CHANNELS = ("engine_speed_rpm", "boost_bar", "afr", "oil_temp_c", "coolant_temp_c", "knock")
SAMPLES, EVERY_S, GAP_S = 16, 1.0, 5.0  # a reading is the last 15 s, one sample a second
SOUND, BROKEN = 0.05, 0.3  # of a fault's development; readings between are neither
STUCK = 0.5  # from here on the simulator's lambda sensor repeats its last value


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Readings and what is wrong in each.

    Attributes:
        windows: Shape (n, SAMPLES, channels).
        label: 0 is healthy, else the fault's place in the simulator + 1, shape (n,).
    """

    windows: Float32Array
    label: IntArray


def labelled(readings: Readings, every: int = 1) -> Labelled:
    """Return every second (third ...) reading, if it is plainly healthy or plainly broken."""
    names = [sensor.name for sensor in EnginePlant.sensors]
    values = readings.values[:, [names.index(name) for name in CHANNELS]]
    broken = np.full(len(EnginePlant.faults), BROKEN)
    broken[[fault.name == "afr_sensor_stuck" for fault in EnginePlant.faults]] = STUCK
    ends = np.arange(SAMPLES - 1, len(values), every)
    ends = ends[readings.episode[ends] == readings.episode[ends - SAMPLES + 1]]
    level = readings.levels[ends]
    is_broken = level >= broken
    is_plain = is_broken.any(axis=1) | (level <= SOUND).all(axis=1)
    label = np.where(is_broken.any(axis=1), is_broken.argmax(axis=1) + 1, 0)
    ends, label = ends[is_plain], label[is_plain]
    windows = np.stack([values[ends - SAMPLES + 1 + k] for k in range(SAMPLES)], axis=1)
    return Labelled(windows.astype(np.float32), label)


def add_features(graph: OnnxGraph) -> str:
    """Add what both classifiers see: the newest sample, and mean, ends and spread of the window."""
    newest = graph.add("Gather", graph.input, graph.constant(SAMPLES - 1), axis=1)
    mean = graph.add("ReduceMean", graph.input, axes=[1], keepdims=1)
    apart = graph.add("Sub", graph.input, mean)
    spread = graph.add("Sqrt", graph.add("ReduceMean", graph.add("Mul", apart, apart), axes=[1]))
    flat = [
        newest,
        graph.add("ReduceMean", graph.input, axes=[1], keepdims=0),
        graph.add("ReduceMin", graph.input, axes=[1], keepdims=0),
        graph.add("ReduceMax", graph.input, axes=[1], keepdims=0),
        graph.add("Reshape", spread, graph.constant([-1, len(CHANNELS)])),
    ]
    return graph.add("Concat", *flat, axis=1)


def features_of(windows: Float32Array) -> Float32Array:
    """Return the features, worked out by the very operators that are shipped."""
    graph = OnnxGraph((SAMPLES, len(CHANNELS)))
    file = graph.written({"features": (add_features(graph), (5 * len(CHANNELS),))})
    found: Float32Array = OnnxSession(file).run(windows)[0]
    return found
