"""Keras layers that look at one sample as it is: dense, scaling, shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from telltale.models.importers.keras_activations import activation, add_activation
from telltale.models.importers.keras_place import Flow, Place


def same(place: Place, flow: Flow) -> Flow:
    """Add nothing: the layer acts in training only."""
    return flow


def dense(place: Place, flow: Flow) -> Flow:
    """Add a product with the kernel, and a bias."""
    units, width = int(place.setting("units")), flow.shape[-1]
    place.needs(quantization_config=None)
    graph, has_bias = place.graph, bool(place.setting("use_bias", True))
    arrays = place.arrays((width, units), *([(units,)] if has_bias else []))
    name = graph.add("MatMul", flow.name, graph.constant(arrays[0]))
    if has_bias:
        name = graph.add("Add", name, graph.constant(arrays[1]))
    return Flow(place.activated(name), (*flow.shape[:-1], units))


def activation_of(place: Place, flow: Flow) -> Flow:
    """Add an activation by name."""
    return Flow(place.activated(flow.name), flow.shape)


def activation_layer(place: Place, flow: Flow) -> Flow:
    """Add LeakyReLU, ReLU, ELU, Softmax: an activation that is a layer of its own."""
    spec = {"class_name": place.layer.kind, "config": place.layer.config}
    found = activation(spec, place.is_keras_3)
    return Flow(add_activation(place.graph, found, flow.name), flow.shape)


def prelu(place: Place, flow: Flow) -> Flow:
    """Add slopes that were learnt."""
    (slope,) = place.arrays(None)
    return Flow(place.graph.add("PRelu", flow.name, place.graph.constant(slope)), flow.shape)


def batch_normalization(place: Place, flow: Flow) -> Flow:
    """Add the scale and offset that the moving mean and variance come to."""
    axis = place.setting("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    if axis not in (-1, len(flow.shape)):
        place.refuse(f"axis {axis} is not read, only the last")
    width = (flow.shape[-1],)
    has_scale, has_center = bool(place.setting("scale", True)), bool(place.setting("center", True))
    arrays = [a.astype(np.float64) for a in place.arrays(*[width] * (2 + has_scale + has_center))]
    gamma = arrays.pop(0) if has_scale else 1.0
    beta = arrays.pop(0) if has_center else 0.0
    mean, variance = arrays
    scale = gamma / np.sqrt(variance + float(place.setting("epsilon", 1e-3)))
    return _scaled(place, flow, scale, beta - mean * scale)


def _scaled(place: Place, flow: Flow, scale: Any, offset: Any) -> Flow:
    graph = place.graph
    name = graph.add("Mul", flow.name, graph.constant(np.asarray(scale, dtype=np.float64)))
    name = graph.add("Add", name, graph.constant(np.asarray(offset, dtype=np.float64)))
    return Flow(name, flow.shape)


def layer_normalization(place: Place, flow: Flow) -> Flow:
    """Add a normalisation over the last axis."""
    axis = place.setting("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(flow.shape)):
        place.refuse(f"axis {axis} is not read, only the last")
    place.needs(rms_scaling=False, scale=True, center=True)
    width = (flow.shape[-1],)
    gamma, beta = (place.graph.constant(array) for array in place.arrays(width, width))
    epsilon = float(place.setting("epsilon", 1e-3))
    name = place.graph.add("LayerNormalization", flow.name, gamma, beta, axis=-1, epsilon=epsilon)
    return Flow(name, flow.shape)


def normalization(place: Place, flow: Flow) -> Flow:
    """Add the scaler that learns mean and variance before training."""
    place.needs(invert=False)
    mean, variance, _count = place.arrays(None, None, None)
    spread = np.maximum(np.sqrt(variance.astype(np.float64)), 1e-7)
    return _scaled(place, flow, 1.0 / spread, -mean / spread)


def rescaling(place: Place, flow: Flow) -> Flow:
    """Add a fixed scale and offset."""
    return _scaled(place, flow, place.setting("scale"), place.setting("offset", 0.0))


def repeat_vector(place: Place, flow: Flow) -> Flow:
    """Add the same row n times."""
    n, graph = int(place.setting("n")), place.graph
    row = graph.add("Unsqueeze", flow.name, graph.constant([1]))
    return Flow(graph.add("Expand", row, graph.constant([1, n, 1])), (n, *flow.shape))


def flatten(place: Place, flow: Flow) -> Flow:
    """Add what puts all axes into one."""
    place.needs(data_format="channels_last")
    if None in flow.shape:
        place.refuse("it needs an input whose axes have fixed lengths")
    size = math.prod(size or 1 for size in flow.shape)
    return Flow(place.graph.add("Flatten", flow.name, axis=1), (size,))


def reshape(place: Place, flow: Flow) -> Flow:
    """Add another shape of as many numbers."""
    target = [int(size) for size in place.setting("target_shape")]
    if None in flow.shape:
        place.refuse("it needs an input whose axes have fixed lengths")
    total = math.prod(size or 1 for size in flow.shape)
    known = math.prod(size for size in target if size != -1)
    shape = tuple(total // max(known, 1) if size == -1 else size for size in target)
    if math.prod(shape) != total or min(shape, default=0) < 1 or target.count(-1) > 1:
        place.refuse(f"{flow.shape} cannot become {tuple(target)}")
    return Flow(
        place.graph.add("Reshape", flow.name, place.graph.constant([0, *shape])), shape
    )  # 0 keeps the batch


def permute(place: Place, flow: Flow) -> Flow:
    """Add another order of the axes."""
    axes = [int(axis) for axis in place.setting("dims")]
    if sorted(axes) != list(range(1, len(flow.shape) + 1)):
        place.refuse(f"{axes} is no order of its axes")
    name = place.graph.add("Transpose", flow.name, perm=[0, *axes])
    return Flow(name, tuple(flow.shape[axis - 1] for axis in axes))
