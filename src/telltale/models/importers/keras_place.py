"""Where a Keras layer is put: what it may ask of its settings and weights, and what flows by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from telltale.errors import ModelError
from telltale.models.importers.keras_activations import activation, add_activation
from telltale.models.importers.keras_model import Layer
from telltale.models.onnx_files.graph import OnnxGraph

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows between two layers: a name in the graph, and the shape of one sample."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer is put.

    Attributes:
        graph: That it is added to.
        layer: The layer.
        is_keras_3: Who wrote it: Keras 3 means other things by some words.
    """

    graph: OnnxGraph
    layer: Layer
    is_keras_3: bool

    def refuse(self, reason: str) -> NoReturn:
        """Say that this layer cannot be read."""
        raise ModelError(f"Layer {self.layer.name!r} ({self.layer.kind}): {reason}.")

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting of the layer."""
        return self.layer.config.get(name, default)

    def needs(self, **settings: Any) -> None:
        """Refuse the layer where a setting is given and differs."""
        for name, wanted in settings.items():
            if (found := self.setting(name, wanted)) != wanted:
                self.refuse(f"{name}={found!r} is not read, only {wanted!r}")

    def arrays(self, *shapes: Shape | None) -> list[np.ndarray]:
        """Return the layer's weights, of these shapes; None is any."""
        found = self.layer.weights()
        told = [array.shape for array in found]
        if len(found) != len(shapes) or any(
            shape is not None and shape != array for shape, array in zip(shapes, told, strict=True)
        ):
            self.refuse(f"its weights have the shapes {told}, {list(shapes)} were expected")
        return found

    def activated(self, name: str, key: str = "activation") -> str:
        """Add the layer's activation."""
        return add_activation(self.graph, activation(self.setting(key), self.is_keras_3), name)


Add = Callable[[Place, Flow], Flow]
