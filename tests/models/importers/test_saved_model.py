"""A SavedModel becomes ONNX with the answers that TensorFlow gave; one that acts is refused."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.importers.base import import_model

CASES = Path(__file__).parents[2] / "cases" / "models" / "saved_model"
pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("is_packed", [True, False], ids=["zip", "folder"])
def test_a_saved_model_gives_what_tensorflow_gave(is_packed: bool, tmp_path: Path) -> None:
    path = CASES / "network.zip"
    if not is_packed:
        with zipfile.ZipFile(path) as packed:
            packed.extractall(tmp_path)
        path = tmp_path / "network"
    with np.load(CASES / "network.npz") as case:
        asked, given = case["asked"], case["given"]
    found = import_model(path, samples=asked, expected=given)
    assert found.source.startswith("SavedModel, by TensorFlow")
    assert any("Compared with the source on 16 samples" in note for note in found.notes)
    np.testing.assert_allclose(next(iter(found.parity_outputs.values())), given, atol=1e-5)


def test_a_saved_model_that_writes_files_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copy(CASES / "writer.zip", tmp_path)
    with pytest.raises(ModelError, match=r"its operator 'WriteFile' acts outside it"):
        import_model(tmp_path / "writer.zip")
    assert not list(tmp_path.rglob("went-off"))


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("m/saved_model.pb", "w", force_zip64=True) as file,
    ):
        for _ in range(300):
            file.write(bytes(2**20))
    with pytest.raises(ModelError, match="unpacks to"):
        import_model(path)
