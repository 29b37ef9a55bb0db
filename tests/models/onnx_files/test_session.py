"""ONNX Runtime behind one small class: what goes in, what comes out, and what is told."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from telltale.errors import MissingExtraError, ModelError
from telltale.models.onnx_files.session import OnnxSession
from tests.models.onnx_files.files import DOUBLE, FLOAT, INT64, data, node, relu


def test_a_model_tells_its_input_and_outputs_and_answers() -> None:
    session = OnnxSession(relu())
    assert (session.input.name, session.input.shape) == ("x", (None, 2))
    assert [spec.name for spec in session.outputs] == ["y"]
    given = np.array([[-1.0, 2.0], [3.0, -4.0]])
    assert session.run(given)[0].tolist() == [[0.0, 2.0], [3.0, 0.0]]
    assert given.tolist() == [[-1.0, 2.0], [3.0, -4.0]]


def test_what_goes_in_is_converted_to_the_models_type() -> None:
    double = OnnxSession(
        data(
            [node("Relu", ["x"], ["y"])],
            inputs=[("x", DOUBLE, ["b", 2])],
            outputs=[("y", DOUBLE, ["b", 2])],
        )
    )
    fine = np.array([[1.0 + 1e-12, 2.0]])
    assert double.run(fine)[0][0, 0] == 1.0 + 1e-12
    assert OnnxSession(relu()).run(fine)[0].dtype == np.float32


def test_outputs_that_are_no_numbers_are_left_out() -> None:
    session = OnnxSession(
        data(
            [node("Relu", ["x"], ["y"]), node("Identity", ["t"], ["label"])],
            {"t": np.array(["a"], dtype=object)},
            outputs=[("label", 8, [1]), ("y", FLOAT, ["b", 2])],
        )
    )
    assert [spec.name for spec in session.outputs] == ["y"]
    assert len(session.run(np.zeros((1, 2)))) == 1


@pytest.mark.parametrize("shape", [(2,), (1, 3), (1, 2, 1), ()])
def test_another_shape_is_refused_with_both(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"takes an array of \(any, 2\), got \("):
        OnnxSession(relu()).run(np.zeros(shape))


def test_bytes_that_are_no_model_are_refused_with_what_onnx_runtime_says() -> None:
    with pytest.raises(ModelError, match="cannot load the model"):
        OnnxSession(b"no model")


def test_a_model_that_fails_says_so() -> None:
    shaped = data(
        [node("Reshape", ["x", "s"], ["y"])],
        {"s": np.array([7, 7])},
        outputs=[("y", FLOAT, [7, 7])],
    )
    with pytest.raises(ModelError, match=r"fails on shape \(1, 2\)"):
        OnnxSession(shaped).run(np.zeros((1, 2)))


def test_a_model_of_two_inputs_or_of_words_is_refused() -> None:
    two = data(
        [node("Add", ["x", "z"], ["y"])],
        inputs=[("x", FLOAT, ["b", 2]), ("z", FLOAT, ["b", 2])],
    )
    with pytest.raises(ModelError, match="one input"):
        OnnxSession(two)
    words = data(
        [node("Identity", ["x"], ["y"])],
        inputs=[("x", 8, ["b", 2])],
        outputs=[("y", 8, ["b", 2])],
    )
    with pytest.raises(ModelError, match="one input"):
        OnnxSession(words)


def test_whole_numbers_come_out_as_such() -> None:
    largest = data([node("ArgMax", ["x"], ["y"], axis=1)], outputs=[("y", INT64, ["b", 1])])
    assert OnnxSession(largest).run(np.array([[1.0, 5.0]]))[0].tolist() == [[1]]


def test_importing_telltales_models_does_not_load_onnx_runtime() -> None:
    program = (
        "import sys, telltale.models.onnx_files.session, telltale.models.onnx_files.check\n"
        "print([n for n in ('onnxruntime', 'onnx', 'h5py') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ran.stdout.decode().strip() == "[]"


def test_without_onnx_runtime_the_answer_is_the_install_command() -> None:
    program = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from telltale.models.onnx_files.session import OnnxSession\n"
        "from telltale.errors import MissingExtraError\n"
        "try: OnnxSession(b'')\n"
        "except MissingExtraError as missing: print(missing)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert 'pip install "telltale[models]"' in ran.stdout.decode()
    assert issubclass(MissingExtraError, Exception)
