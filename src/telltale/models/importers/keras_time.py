"""Keras layers that look along the time axis: convolution and pooling."""

from __future__ import annotations

from collections.abc import Callable

from telltale.models.importers.keras_place import Flow, Place


def conv1d(place: Place, flow: Flow) -> Flow:
    """Add a convolution over time, with padding "valid", "same" or "causal"."""
    place.needs(data_format="channels_last")
    (length, width), graph = _time(place, flow), place.graph
    filters, groups = int(place.setting("filters")), int(place.setting("groups", 1))
    size, stride, dilation = (
        _one(place, key, 1) for key in ("kernel_size", "strides", "dilation_rate")
    )
    kernel_shape = (size, None if width is None else width // groups, filters)
    has_bias = bool(place.setting("use_bias", True))
    arrays = place.arrays(kernel_shape, *([(filters,)] if has_bias else []))
    kernel = graph.constant(arrays[0].transpose(2, 1, 0))
    bias = [graph.constant(arrays[1])] if has_bias else []
    reach = (size - 1) * dilation + 1
    pads, out = _padding(place, length, reach, stride)
    name = _turned(
        place,
        flow.name,
        lambda rows: graph.add(
            "Conv",
            rows,
            kernel,
            *bias,
            kernel_shape=[size],
            strides=[stride],
            dilations=[dilation],
            pads=pads,
            group=groups,
        ),
    )
    return Flow(place.activated(name), (out, filters))


def pooling(place: Place, flow: Flow) -> Flow:
    """Add the maximum or mean of each stretch of time."""
    place.needs(data_format="channels_last")
    (length, width), graph = _time(place, flow), place.graph
    size = _one(place, "pool_size", 2)
    stride = size if place.setting("strides") is None else _one(place, "strides", size)
    pads, out = _padding(place, length, size, stride)
    op = "MaxPool" if place.layer.kind == "MaxPooling1D" else "AveragePool"
    name = _turned(
        place,
        flow.name,
        lambda rows: graph.add(op, rows, kernel_shape=[size], strides=[stride], pads=pads),
    )
    return Flow(name, (out, width))


def global_pooling(place: Place, flow: Flow) -> Flow:
    """Add the maximum or mean over all times."""
    place.needs(data_format="channels_last")
    (_, width), keeps = _time(place, flow), int(bool(place.setting("keepdims", False)))
    op = "ReduceMax" if place.layer.kind == "GlobalMaxPooling1D" else "ReduceMean"
    name = place.graph.add(op, flow.name, axes=[1], keepdims=keeps)
    return Flow(name, (1, width) if keeps else (width,))


def _time(place: Place, flow: Flow) -> tuple[int | None, int | None]:
    if len(flow.shape) != 2:
        place.refuse(f"it needs samples of (time, columns), got {flow.shape}")
    return flow.shape[0], flow.shape[1]


def _one(place: Place, key: str, default: int) -> int:
    """Return a whole number, which Keras writes as a list of one."""
    found = place.setting(key, default)
    return int(found[0] if isinstance(found, list) else found)


def _padding(
    place: Place, length: int | None, reach: int, stride: int
) -> tuple[list[int], int | None]:
    """Return the zeros before and after, and how many times come out."""
    kind = place.setting("padding", "valid")
    if kind == "valid":
        total = 0
    elif kind == "causal":
        total = reach - 1
    elif kind == "same" and (length is not None or stride == 1):
        steps = 0 if length is None else (-(-length // stride) - 1) * stride + reach - length
        total = max(steps, 0) if length is not None else reach - 1
    else:
        place.refuse(f"padding {kind!r} with strides {stride} over any length is not read")
    before = total if kind == "causal" else total // 2
    out = None if length is None else (length + total - reach) // stride + 1
    if out is not None and out < 1:
        place.refuse(f"{length} times are fewer than it looks at")
    return [before, total - before], out


def _turned(place: Place, name: str, add: Callable[[str], str]) -> str:
    """Add an operator that wants (batch, columns, time)."""
    rows = place.graph.add("Transpose", name, perm=[0, 2, 1])
    return place.graph.add("Transpose", add(rows), perm=[0, 2, 1])
