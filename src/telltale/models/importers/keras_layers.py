"""A Keras model as ONNX: the table of the layers that are read, and the walk through them."""

from __future__ import annotations

import math

from telltale.errors import ModelError
from telltale.models.importers import keras_simple as simple
from telltale.models.importers.keras_model import KerasModel, Layer
from telltale.models.importers.keras_place import Add, Flow, Place
from telltale.models.importers.keras_recurrent import gru, lstm
from telltale.models.importers.keras_time import conv1d, global_pooling, pooling
from telltale.models.onnx_files.graph import OnnxGraph

MAX_ELEMENTS = 1_000_000  # of one sample between two layers


def keras_graph(model: KerasModel) -> bytes:
    """Return a Keras model as ONNX: input "input" of shape (batch, ...), output "output".

    Raises:
        ModelError: A layer, or a setting of one, is not read; it is named.
    """
    graph = OnnxGraph(model.shape)
    flow = Flow(graph.input, model.shape)
    is_keras_3 = model.version.partition(".")[0].isdigit() and int(model.version.split(".")[0]) >= 3
    for layer in model.layers:
        flow = add_layer(Place(graph, layer, is_keras_3), flow)
        if math.prod(size or 1 for size in flow.shape) > MAX_ELEMENTS:
            raise ModelError(f"Layer {layer.name!r} gives arrays of shape {flow.shape}: too large.")
    return graph.written({"output": (flow.name, flow.shape)})


def add_layer(place: Place, flow: Flow) -> Flow:
    """Add one layer."""
    kind = place.layer.kind
    if kind == "Lambda":
        place.refuse("it holds Python code, which is never run. Use layers in its place")
    if kind not in LAYERS:
        place.refuse(f"this layer is not read. Known: {', '.join(sorted(LAYERS))}")
    dtype = place.setting("dtype", "float32")
    policy = dtype["config"].get("name", "float32") if isinstance(dtype, dict) else dtype
    if policy not in ("float32", None):
        place.refuse(f"it computes in {policy!r}; only 'float32' is read")
    return LAYERS[kind](place, flow)


def _time_distributed(place: Place, flow: Flow) -> Flow:
    """Add a layer that acts on the last axis alone: it then does so at every time."""
    inner = place.setting("layer")
    kind = inner["class_name"]
    if kind not in ON_LAST_AXIS:
        place.refuse(f"{kind} in it is not read. Known: {', '.join(sorted(ON_LAST_AXIS))}")
    layer = Layer(kind, inner["config"]["name"], inner["config"], place.layer.weights)
    return add_layer(Place(place.graph, layer, place.is_keras_3), flow)


LAYERS: dict[str, Add] = {
    "Activation": simple.activation_of,
    "ActivityRegularization": simple.same,
    "AlphaDropout": simple.same,
    "AveragePooling1D": pooling,
    "BatchNormalization": simple.batch_normalization,
    "Conv1D": conv1d,
    "Dense": simple.dense,
    "Dropout": simple.same,
    "ELU": simple.activation_layer,
    "Flatten": simple.flatten,
    "GRU": gru,
    "GaussianDropout": simple.same,
    "GaussianNoise": simple.same,
    "GlobalAveragePooling1D": global_pooling,
    "GlobalMaxPooling1D": global_pooling,
    "LSTM": lstm,
    "LayerNormalization": simple.layer_normalization,
    "LeakyReLU": simple.activation_layer,
    "MaxPooling1D": pooling,
    "Normalization": simple.normalization,
    "PReLU": simple.prelu,
    "Permute": simple.permute,
    "ReLU": simple.activation_layer,
    "RepeatVector": simple.repeat_vector,
    "Rescaling": simple.rescaling,
    "Reshape": simple.reshape,
    "Softmax": simple.activation_layer,
    "SpatialDropout1D": simple.same,
    "TimeDistributed": _time_distributed,
}
ON_LAST_AXIS = {
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "ELU",
    "LayerNormalization",
    "LeakyReLU",
    "ReLU",
    "Softmax",
}
