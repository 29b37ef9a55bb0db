"""`import_model`: any model file in, a checked and tried ONNX file with its answers out."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
import xgboost
from sklearn.preprocessing import StandardScaler

from telltale.errors import MissingExtraError, ModelError
from telltale.models.importers import IMPORTERS
from telltale.models.importers.base import MAX_SOURCE_BYTES, import_model
from telltale.models.onnx_files.session import OnnxSession
from tests.models.onnx_files.files import relu
from tests.models.trees.grown import by_xgboost, rows, targets, xgboost_file

KERAS = Path(__file__).parents[2] / "cases/models/keras/pump_lstm_autoencoder"
X = rows()


def test_a_keras_model_is_imported_and_compared_with_what_keras_gave() -> None:
    asked, wanted = np.load(KERAS / "input.npy"), np.load(KERAS / "expected.npy")
    found = import_model(KERAS / "model.keras", samples=asked, expected=wanted)
    assert found.source == "Keras 3.15.1"
    assert (found.input.shape, found.outputs[0].shape) == ((None, 30, 10), (None, 30, 10))
    assert found.notes[-1].startswith("Compared with the source on 4 samples: at most ")
    assert np.array_equal(found.parity_inputs, asked)
    assert np.allclose(found.parity_outputs["output"], wanted, atol=1e-6)
    assert np.array_equal(
        OnnxSession(found.onnx).run(asked[:1])[0], found.parity_outputs["output"][:1]
    )


def test_a_booster_is_imported_and_compared_with_its_library(tmp_path: Path) -> None:
    booster = by_xgboost({}, X, targets(X, 3))
    path = tmp_path / "tyres.json"
    path.write_bytes(xgboost_file(booster))
    found = import_model(path, samples=X, expected=booster.predict(xgboost.DMatrix(X)))
    assert found.source == "XGBoost"
    assert found.outputs[0].shape == (None, 3)


def test_an_onnx_file_is_imported_and_says_that_nothing_was_compared(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(relu())
    found = import_model(path)
    assert found.onnx == relu()
    assert found.source == "ONNX, written by test"
    assert found.notes == (
        "No answers of the source were given to compare with: give samples and expected.",
    )


def test_a_pickled_scaler_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "scaler.pkl"
    scaler = StandardScaler().fit(np.nan_to_num(X))
    path.write_bytes(pickle.dumps(scaler))
    asked = np.nan_to_num(X[:40])
    found = import_model(path, samples=asked, expected=scaler.transform(asked))
    assert found.source.endswith("StandardScaler")


def test_answers_other_than_those_expected_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(relu())
    asked = np.array([[1.0, 2.0], [-1.0, 3.0]])
    wrong = np.array([[1.0, 2.0], [0.0, 3.1]])
    with pytest.raises(ModelError, match=r"3 in place of 3.1 at \(1, 1\). It is not imported"):
        import_model(path, samples=asked, expected=wrong)
    with pytest.raises(ModelError, match=r"\(2, 2\); \(2, 3\) was expected"):
        import_model(path, samples=asked, expected=np.zeros((2, 3)))


def test_a_suffix_that_is_not_read_is_refused_with_a_near_one(tmp_path: Path) -> None:
    path = tmp_path / "model.hdf5"
    path.write_bytes(b"x")
    with pytest.raises(ModelError, match=r"kind '.hdf5' are not read"):
        import_model(path)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        import_model(tmp_path / "none.onnx")
    large = tmp_path / "large.keras"
    with large.open("wb") as file:
        file.truncate(MAX_SOURCE_BYTES + 1)
    with pytest.raises(ModelError, match="at most"):
        import_model(large)


@pytest.mark.parametrize("suffix", [".onnx", *IMPORTERS])
@pytest.mark.parametrize("data", [b"", b"\x00" * 50, b"PK\x03\x04" + b"\xff" * 60], ids=repr)
def test_nonsense_of_every_kind_is_refused(suffix: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(data)
    with pytest.raises((ModelError, MissingExtraError)) as refused:
        import_model(path)
    assert len(str(refused.value)) > 20


def test_a_saved_model_asks_for_tensorflow_or_is_read_by_it(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    if importlib.util.find_spec("tensorflow") is None:
        with pytest.raises(MissingExtraError, match=r'Run: pip install "telltale\[tensorflow\]"'):
            import_model(tmp_path)
    else:
        with pytest.raises(ModelError, match=r"saved_model.pb cannot be read"):
            import_model(tmp_path)
