"""Keras activations, as operators of ONNX and as the gates of its recurrent layers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from telltale.errors import ModelError
from telltale.models.onnx_files.graph import OnnxGraph


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation by Keras' name for it, with its numbers."""

    name: str
    numbers: dict[str, Any] = field(default_factory=dict)


# Keras' name -> ONNX operator that is the same, with the attributes that make it so.
OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {}),
    "exponential": ("Exp", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "softmax": ("Softmax", {"axis": -1}),
    "hard_sigmoid": ("HardSigmoid", {}),
}
COMPOSED = ("gelu", "linear", "relu6", "silu", "swish")
GATES = ("relu", "sigmoid", "tanh", "softplus", "softsign", "elu", "leaky_relu", "hard_sigmoid")
LAYER_ACTIVATIONS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "Softmax": "softmax",
}


def activation(spec: Any, is_keras_3: bool) -> Activation:  # Any: it comes out of JSON
    """Return the activation that a configuration names, in each of Keras' ways to write it.

    Raises:
        ModelError: It is not one that is read.
    """
    if spec is None:
        return Activation("linear")
    if isinstance(spec, dict) and spec.get("class_name") in LAYER_ACTIVATIONS:
        return _of_layer(spec["class_name"], spec["config"])
    name = spec if isinstance(spec, str) else ""
    if name not in OPERATORS and name not in COMPOSED:
        shown = spec.get("config", spec) if isinstance(spec, dict) else spec
        known = ", ".join(sorted((*OPERATORS, *COMPOSED)))
        raise ModelError(f"Activation {shown!r} is not read. Known: {known}.")
    if name == "hard_sigmoid":  # clip(0.2 x + 0.5) in Keras 2, clip(x / 6 + 0.5) in Keras 3
        return Activation(name, {"alpha": 1.0 / 6.0 if is_keras_3 else 0.2, "beta": 0.5})
    return Activation(name, dict(OPERATORS[name][1]) if name in OPERATORS else {})


def _of_layer(kind: str, config: dict[str, Any]) -> Activation:
    """Return the activation that a layer is."""
    name = LAYER_ACTIVATIONS[kind]
    if kind == "Softmax":
        if config.get("axis", -1) != -1:
            raise ModelError(f"Softmax over axis {config['axis']} is not read, only the last.")
        return Activation(name, {"axis": -1})
    if kind == "ELU":
        return Activation(name, {"alpha": float(config.get("alpha", 1.0))})
    if kind == "LeakyReLU":  # Keras 2 calls it alpha
        slope = config.get("negative_slope", config.get("alpha", 0.3))
        return Activation(name, {"alpha": float(slope)})
    most, slope = config.get("max_value"), float(config.get("negative_slope") or 0.0)
    if float(config.get("threshold") or 0.0) != 0.0 or (slope and most is not None):
        raise ModelError("ReLU with a threshold, or with a slope and a maximum, is not read.")
    if slope:
        return Activation("leaky_relu", {"alpha": slope})
    return Activation(name, {} if most is None else {"max": float(most)})


def add_activation(graph: OnnxGraph, found: Activation, name: str) -> str:
    """Add an activation behind `name`."""
    if found.name == "linear":
        return name
    if found.name in ("silu", "swish"):
        return graph.add("Mul", name, graph.add("Sigmoid", name))
    if found.name == "gelu":
        root = graph.add("Erf", graph.add("Mul", name, graph.constant(1.0 / math.sqrt(2.0))))
        half = graph.add("Mul", name, graph.constant(0.5))
        return graph.add("Mul", half, graph.add("Add", root, graph.constant(1.0)))
    if found.name == "relu6" or "max" in found.numbers:
        most = found.numbers.get("max", 6.0)
        return graph.add("Clip", name, graph.constant(0.0), graph.constant(most))
    return graph.add(OPERATORS[found.name][0], name, **found.numbers)


def gates(activations: list[Activation]) -> dict[str, Any]:
    """Return activations as the attributes of ONNX's LSTM and GRU.

    Raises:
        ModelError: One cannot be a gate there.
    """
    names, alphas, betas = [], [], []
    for found in activations:
        if found.name == "linear":
            names.append("Affine")
            alphas.append(1.0)
            betas.append(0.0)
            continue
        if found.name not in GATES or "max" in found.numbers:
            raise ModelError(
                f"Activation {found.name!r} inside a recurrent layer is not read. "
                f"Known: linear, {', '.join(GATES)}."
            )
        names.append(OPERATORS[found.name][0])
        alphas.extend([found.numbers["alpha"]] if "alpha" in found.numbers else [])
        betas.extend([found.numbers["beta"]] if "beta" in found.numbers else [])
    attributes: dict[str, Any] = {"activations": names}
    if alphas:
        attributes["activation_alpha"] = alphas
    if betas:
        attributes["activation_beta"] = betas
    return attributes
