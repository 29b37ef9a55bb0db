"""The layers of a Keras model in the order in which they run, from its configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from telltale.errors import ModelError

MAX_LAYERS = 500

Weights = Callable[[], list[np.ndarray]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Attributes:
        kind: Its class in Keras.
        name: What its author called it.
        config: Its settings.
        weights: Reads its arrays, in the order in which Keras made them.
    """

    kind: str
    name: str
    config: dict[str, Any]
    weights: Weights


@dataclass(frozen=True, slots=True)
class KerasModel:
    """A model whose layers follow one another.

    Attributes:
        version: Of the Keras that wrote it.
        shape: Of one sample; None where an axis may have any length.
        layers: In the order in which they run.
    """

    version: str
    shape: tuple[int | None, ...]
    layers: list[Layer]


def keras_model(
    config: dict[str, Any], version: str, weights: Callable[[dict[str, Any]], Weights]
) -> KerasModel:
    """Return a model from its configuration.

    Args:
        config: As Keras wrote it.
        version: Of that Keras.
        weights: Gives for a layer's configuration what reads its weights; asked in the order of
            the file.

    Raises:
        ModelError: The layers do not follow one another.
    """
    kind = config["class_name"]
    if kind not in ("Sequential", "Functional", "Model"):
        raise ModelError(f"{kind}: only Sequential and Functional models are read.")
    inner = config["config"]
    entries = inner["layers"] if isinstance(inner, dict) else inner  # a list in early Keras 2
    if len(entries) > MAX_LAYERS:
        raise ModelError(f"{len(entries)} layers; at most {MAX_LAYERS} are read.")
    by_entry = [(entry, weights(entry)) for entry in entries]  # in the order of the file
    if kind != "Sequential":
        order = _single_path(entries, inner)
        by_entry = [by_entry[at] for at in order]
    shape = _input_shape(entries, inner, by_entry[0][0])
    layers = [
        Layer(entry["class_name"], entry["config"]["name"], entry["config"], read)
        for entry, read in by_entry
        if entry["class_name"] != "InputLayer"
    ]
    return KerasModel(version, shape, layers)


def _input_shape(
    entries: list[dict[str, Any]], model: Any, first: dict[str, Any]
) -> tuple[int | None, ...]:
    """Return the shape of one sample, wherever this version of Keras wrote it."""
    config = first["config"]
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if shape is None and isinstance(model, dict):
        shape = model.get("build_input_shape")
    if shape is None:
        raise ModelError("The model does not say the shape of its input. Build it, then save it.")
    if len(shape) < 2 or any(size is not None and int(size) < 1 for size in shape[1:]):
        raise ModelError(f"Its input has the shape {shape}.")
    return tuple(None if size is None else int(size) for size in shape[1:])


def _single_path(entries: list[dict[str, Any]], model: dict[str, Any]) -> list[int]:
    """Return the order of a functional model's layers, which must form one row."""
    place = {entry["config"]["name"]: at for at, entry in enumerate(entries)}
    ends = {"inputs": model["input_layers"], "outputs": model["output_layers"]}
    for what, names in ends.items():
        if isinstance(names[0], list) and len(names) > 1:
            raise ModelError(f"The model has {len(names)} {what}; one is read.")
    output = ends["outputs"][0]
    at = place[output[0] if isinstance(output, list) else output]
    order = [at]
    while sources := _sources(entries[at]):
        name = entries[at]["config"]["name"]
        if len(sources) > 1:
            raise ModelError(
                f"Layer {name!r} joins or shares {len(sources)} paths; a single path is read."
            )
        at = place[sources[0]]
        if at in order:
            raise ModelError(f"Layer {name!r} is used in a circle.")
        order.append(at)
    if len(order) != len(entries):
        unused = [e["config"]["name"] for i, e in enumerate(entries) if i not in order]
        raise ModelError(f"Layers {', '.join(unused)} lie beside the path to the output.")
    return order[::-1]


def _sources(entry: dict[str, Any]) -> list[str]:
    """Return the layers that a layer takes from, as Keras 3 or Keras 2 wrote them."""
    found: list[str] = []
    waiting: list[Any] = [entry["inbound_nodes"]]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and "keras_history" in part:
            found.append(part["keras_history"][0])
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list) and len(part) >= 3 and isinstance(part[0], str):
            found.append(part[0])
        elif isinstance(part, list):
            waiting.extend(part)
    return found
