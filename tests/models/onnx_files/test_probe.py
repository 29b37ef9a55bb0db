"""A checked file is tried in a process of its own: what it may take, and what it must give."""

from __future__ import annotations

import time

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.onnx_files.check import Limits, check_onnx
from telltale.models.onnx_files.probe import SAMPLES, Answers, probe_onnx
from telltale.models.onnx_files.session import OnnxSession
from tests.models.onnx_files.files import FLOAT, data, node, relu

SMALL = Limits(memory_bytes=400 * 2**20, cpu_s=2, wall_s=20.0)


def probed(file: bytes, limits: Limits = SMALL) -> Answers:
    return probe_onnx(file, check_onnx(file), limits=limits)


def test_a_model_gives_there_what_it_gives_here() -> None:
    found = probed(relu())
    assert found.samples.shape == (SAMPLES, 2)
    assert np.array_equal(found.outputs["y"], OnnxSession(relu()).run(found.samples)[0])
    assert 0.0 < found.row_ms < 1_000.0


def test_own_samples_are_asked() -> None:
    asked = np.array([[1.0, -1.0]])
    found = probe_onnx(relu(), check_onnx(relu()), asked, SMALL)
    assert found.outputs["y"].tolist() == [[1.0, 0.0]]


def of_size(*sizes: int, then: int = 0) -> bytes:
    """Return a model that makes an array of this size, and multiplies it with itself."""
    products = [node("MatMul", ["z" if at == 0 else f"z{at}", "z"], [f"z{at + 1}"])
                for at in range(then)]  # fmt: skip
    last = f"z{then}" if then else "z"
    return data(
        [
            node("ConstantOfShape", ["s"], ["z"]),
            *products,
            node("ReduceMean", [last], ["m"], keepdims=0),
            node("Add", ["x", "m"], ["y"]),
        ],
        {"s": np.array(sizes)},
    )


def test_a_model_that_asks_for_all_memory_is_refused() -> None:
    with pytest.raises(ModelError, match=r"alloc|memory"):
        probed(of_size(60_000, 60_000))


def test_a_model_that_computes_for_ever_is_ended() -> None:
    start = time.perf_counter()
    with pytest.raises(ModelError, match="processor time"):
        probed(of_size(3_000, 3_000, then=200), Limits(memory_bytes=2**30, cpu_s=1, wall_s=20.0))
    assert time.perf_counter() - start < 15.0


def test_a_model_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ModelError, match=r"longer than 0.05 s"):
        probed(relu(), Limits(wall_s=0.05))


def test_a_model_whose_answer_depends_on_the_rows_beside_is_refused() -> None:
    mean = data(
        [node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), node("Sub", ["x", "m"], ["y"])]
    )
    with pytest.raises(ModelError, match="depends on the samples beside it"):
        probed(mean)


def test_a_model_for_several_samples_at_once_is_refused() -> None:
    eight = data(
        [node("Relu", ["x"], ["y"])],
        inputs=[("x", FLOAT, [8, 2])],
        outputs=[("y", FLOAT, [8, 2])],
    )
    with pytest.raises(ModelError, match="takes 8 samples at once"):
        probed(eight)


def test_a_model_for_one_sample_at_a_time_is_fine() -> None:
    one = data(
        [node("Relu", ["x"], ["y"])],
        inputs=[("x", FLOAT, [1, 2])],
        outputs=[("y", FLOAT, [1, 2])],
    )
    assert probed(one).outputs["y"].shape == (SAMPLES, 2)


def test_an_output_without_a_batch_axis_is_refused() -> None:
    total = data([node("ReduceSum", ["x"], ["y"], keepdims=0)], outputs=[("y", FLOAT, None)])
    with pytest.raises(ModelError, match="first axis must be the batch's"):
        probed(total)


def test_an_operator_that_is_not_known_is_refused_with_its_name() -> None:
    with pytest.raises(ModelError, match="Nonsense"):
        probed(data([node("Nonsense", ["x"], ["y"])]))
