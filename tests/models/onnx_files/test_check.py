"""A file is looked through before ONNX Runtime sees it, and told what is wrong with it."""

from __future__ import annotations

import os
import pickle
import time
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from telltale.errors import ModelError
from telltale.models.onnx_files.check import LIMITS, Limits, check_onnx
from tests.models.onnx_files.files import DOUBLE, FLOAT, INT64, STRING, data, model, node, relu

LONGEST_S = 5.0  # of a check, whatever the bytes


def test_a_plain_file_is_let_through_and_described() -> None:
    weights = np.ones((2, 3), dtype=np.float32)
    found = check_onnx(
        data(
            [node("MatMul", ["x", "w"], ["y"])],
            {"w": weights},
            inputs=[("x", FLOAT, ["batch", 2])],
            outputs=[("y", FLOAT, ["batch", 3])],
        )
    )
    assert found.producer == "test"
    assert (found.opset, found.nodes, found.elements) == (17, 1, 6)
    assert (found.input.name, found.input.shape, found.input.dtype) == ("x", (None, 2), "float32")
    assert found.outputs[0].shape == (None, 3)


@pytest.mark.parametrize(
    ("nodes", "is_by_row"),
    [
        ([node("Identity", ["x"], ["y"])], True),
        ([node("Neg", ["x"], ["z"]), node("Concat", ["x", "z"], ["y"], axis=1)], True),
        ([node("Concat", ["x", "x"], ["y"], axis=0)], False),
        ([node("Neg", ["x"], ["z"]), node("Sigmoid", ["z"], ["y"])], False),
        ([node("CumSum", ["x", "w"], ["y"])], False),
    ],
)
def test_it_is_told_whether_rows_are_taken_one_by_one(nodes: list[Any], is_by_row: bool) -> None:
    assert check_onnx(data(nodes, {"w": np.int64(0)})).is_by_row == is_by_row


def loop() -> bytes:
    inner = helper.make_graph(
        [node("Identity", ["c"], ["c2"]), node("Relu", ["v"], ["v2"])],
        "body",
        [
            helper.make_tensor_value_info("i", INT64, []),
            helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", FLOAT, ["b", 2]),
        ],
        [
            helper.make_tensor_value_info("c2", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("v2", FLOAT, ["b", 2]),
        ],
    )
    trips = {"n": np.int64(10**15), "t": np.bool_(True)}
    return data([node("Loop", ["n", "t", "x"], ["y"], body=inner)], trips)


def branch() -> bytes:
    one = helper.make_graph(
        [node("Relu", ["x"], ["z"])], "a", [], [helper.make_tensor_value_info("z", FLOAT, None)]
    )
    return data([node("If", ["t"], ["y"], then_branch=one, else_branch=one)], {"t": np.bool_(True)})


def external(where: str) -> bytes:
    whole = model([node("Add", ["x", "w"], ["y"])], {"w": np.ones(2, dtype=np.float32)})
    tensor = whole.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", where
    return bytes(whole.SerializeToString())


def huge() -> bytes:
    whole = model([node("Add", ["x", "w"], ["y"])], {"w": np.ones(2, dtype=np.float32)})
    del whole.graph.initializer[0].dims[:]
    whole.graph.initializer[0].dims.extend([2**40, 2])
    return bytes(whole.SerializeToString())


def negative() -> bytes:
    whole = model([node("Add", ["x", "w"], ["y"])], {"w": np.ones(2, dtype=np.float32)})
    whole.graph.initializer[0].dims[0] = -2
    return bytes(whole.SerializeToString())


def huge_in_an_attribute() -> bytes:
    tensor = numpy_helper.from_array(np.ones(2, dtype=np.float32))
    whole = model([node("Constant", [], ["w"], value=tensor), node("Add", ["x", "w"], ["y"])])
    whole.graph.node[0].attribute[0].t.dims[0] = 2**50
    return bytes(whole.SerializeToString())


def own_function() -> bytes:
    whole = model([node("Twice", ["x"], ["y"], domain="mine")], opsets=[("", 17), ("mine", 1)])
    inner = [node("Add", ["a", "a"], ["b"])]
    whole.functions.append(
        helper.make_function("mine", "Twice", ["a"], ["b"], inner, [helper.make_opsetid("", 17)])
    )
    return bytes(whole.SerializeToString())


def trained_here() -> bytes:
    whole = model([node("Relu", ["x"], ["y"])])
    whole.training_info.add()
    return bytes(whole.SerializeToString())


def sparse() -> bytes:
    whole = model([node("Relu", ["x"], ["y"])])
    whole.graph.sparse_initializer.add().dims.append(2)
    return bytes(whole.SerializeToString())


def two_graphs() -> bytes:
    return relu() + relu()  # protobuf says: merge them, and readers differ in how


def shape(*sizes: Any, element: int = FLOAT) -> bytes:
    return data([node("Relu", ["x"], ["y"])], inputs=[("x", element, list(sizes))])


class Bomb:
    def __reduce__(self) -> Any:
        return os.system, ("exit 1",)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "pickle bomb": (pickle.dumps(Bomb()), "ONNX file"),
    "zip": (b"PK\x03\x04" + bytes(100), "ONNX file"),
    "no graph": (onnx.ModelProto(ir_version=8).SerializeToString(), "no graph"),
    "cut off": (relu()[:-7], "cut off"),
    "two graphs": (two_graphs(), "twice"),
    "unknown field": (relu() + b"\xf8\x01\x01", "field 31 of ModelProto is not known"),
    "group": (relu() + b"\x0b", "wire type 3"),
    "loop": (loop(), "'Loop' holds a graph"),
    "branch": (branch(), "'If' holds a graph"),
    "external data": (external("../../etc/passwd"), "another file"),
    "huge tensor": (huge(), "numbers in its constants"),
    "huge attribute": (huge_in_an_attribute(), "numbers in its constants"),
    "negative size": (negative(), "negative size"),
    "own function": (own_function(), "functions of its own"),
    "custom domain": (
        data([node("Evil", ["x"], ["y"], domain="com.mine")], opsets=[("", 17), ("com.mine", 1)]),
        "'com.mine' are not ONNX's own",
    ),
    "domain not imported": (
        data([node("Gelu", ["x"], ["y"], domain="com.microsoft")]),
        "'Gelu' of 'com.microsoft'",
    ),
    "training": (trained_here(), "training steps"),
    "sparse": (sparse(), "sparse"),
    "old opset": (data([node("Relu", ["x"], ["y"])], opsets=[("", 6)]), "opset 6 of ai.onnx"),
    "new opset": (data([node("Relu", ["x"], ["y"])], opsets=[("", 99)]), "7 to 26"),
    "random": (
        data([node("RandomNormalLike", ["x"], ["r"]), node("Add", ["x", "r"], ["y"])]),
        "other numbers each time",
    ),
    "zipmap": (
        data([node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])]),
        "zipmap",
    ),
    "values as size": (
        data(
            [node("Cast", ["x"], ["n"], to=INT64), node("Expand", ["c", "n"], ["y"])],
            {"c": np.ones(1, dtype=np.float32)},
        ),
        "decide the size of what 'Expand'",
    ),
    "values as size, hidden": (
        data(
            [
                node("ReduceMax", ["x"], ["m"], keepdims=0),
                node("Cast", ["m"], ["n"], to=INT64),
                node("Unsqueeze", ["n", "a"], ["n1"]),
                node("Concat", ["n1", "n1"], ["n2"], axis=0),
                node("ConstantOfShape", ["n2"], ["y"]),
            ],
            {"a": np.array([0])},
        ),
        "decide the size of what 'ConstantOfShape'",
    ),
    "out of order": (
        data([node("Add", ["x", "z"], ["y"]), node("Relu", ["x"], ["z"])]),
        "'z', which nothing before it gives",
    ),
    "two inputs": (
        data(
            [node("Add", ["x", "z"], ["y"])],
            inputs=[("x", FLOAT, ["b", 2]), ("z", FLOAT, ["b", 2])],
        ),
        "2 inputs",
    ),
    "text in": (shape("b", 2, element=STRING), "float32 or float64"),
    "numbers of another kind in": (shape("b", 2, element=INT64), "is int64"),
    "no axes": (shape(), "0 axes"),
    "too many axes": (shape("b", 2, 2, 2, 2), "5 axes"),
    "no columns": (shape("b", 0), "shape"),
    "negative columns": (shape("b", -3), "shape"),
    "too many columns": (shape("b", 2**40), "more than"),
    "text out": (
        data([node("Relu", ["x"], ["y"])], outputs=[("y", STRING, ["b"])]),
        "no output is an array of numbers",
    ),
    "too many outputs": (
        data(
            [node("Relu", ["x"], [f"y{at}"]) for at in range(20)],
            outputs=[(f"y{at}", FLOAT, None) for at in range(20)],
        ),
        "20 outputs",
    ),
    "too many operators": (
        data([node("Relu", ["x"], [f"y{at}"]) for at in range(LIMITS.nodes + 1)]),
        f"{LIMITS.nodes + 1} operators",
    ),
}


@pytest.mark.parametrize(("file", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_with_the_reason(file: bytes, reason: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ModelError, match="ONNX file") as refused:
        check_onnx(file)
    assert reason in str(refused.value)
    assert time.perf_counter() - start < LONGEST_S


def test_a_file_over_the_size_limit_is_refused_unread() -> None:
    with pytest.raises(ModelError, match=r"at most 10 are taken"):
        check_onnx(bytes(11), Limits(file_bytes=10))


def test_sizes_that_follow_from_the_inputs_size_are_fine() -> None:
    found = check_onnx(
        data(
            [node("Shape", ["x"], ["s"]), node("ConstantOfShape", ["s"], ["z"]),
             node("Add", ["x", "z"], ["y"])]
        )
    )  # fmt: skip
    assert found.nodes == 3


def test_float64_and_outputs_that_are_no_numbers_beside_numbers_are_fine() -> None:
    found = check_onnx(
        data(
            [node("Relu", ["x"], ["y"]), node("Identity", ["t"], ["label"])],
            {"t": np.array(["a"], dtype=object)},
            inputs=[("x", DOUBLE, ["b", 2])],
            outputs=[("label", STRING, [1]), ("y", DOUBLE, ["b", 2])],
        )
    )
    assert [spec.name for spec in found.outputs] == ["y"]


@given(cut=st.integers(0, len(relu())), junk=st.binary(max_size=20))
def test_a_file_that_is_cut_off_or_goes_on_wrongly_never_does_more_than_be_refused(
    cut: int, junk: bytes
) -> None:
    refused_or_read(relu()[:cut] + junk)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_or_read_in_no_time(data: bytes) -> None:
    refused_or_read(data)


@given(at=st.integers(0, 10**6), byte=st.integers(0, 255), of=st.sampled_from([relu(), loop()]))
def test_a_changed_byte_is_refused_or_read_in_no_time(at: int, byte: int, of: bytes) -> None:
    changed = bytearray(of)
    changed[at % len(of)] = byte
    refused_or_read(bytes(changed))


def refused_or_read(file: bytes) -> None:
    start = time.perf_counter()
    try:
        found = check_onnx(file)
    except ModelError as refused:
        assert str(refused)  # noqa: PT017 - anything else than a ModelError fails the test
    else:
        assert found.nodes >= 1
    assert time.perf_counter() - start < LONGEST_S


def test_what_is_let_through_by_a_changed_byte_is_still_what_onnx_reads() -> None:
    rng = np.random.default_rng(3)
    read = 0
    for _ in range(2_000):
        changed = bytearray(relu())
        changed[rng.integers(len(changed))] = rng.integers(256)
        try:
            found = check_onnx(bytes(changed))
        except ModelError:
            continue
        whole = onnx.load_model_from_string(bytes(changed))
        assert found.nodes == len(whole.graph.node)
        assert found.input.name == whole.graph.input[0].name
        read += 1
    assert read > 200
