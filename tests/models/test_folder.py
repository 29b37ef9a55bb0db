"""A model's folder: what was written is what is loaded, and anything else is refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Input, Window
from telltale.models.folder import (
    PARITY,
    packed_arrays,
    read_arrays,
    read_folder,
    training_hash,
    write_folder,
)
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream


def readings(n: int = 300, seed: int = 1) -> Batch:
    rng = np.random.default_rng(seed)
    return stream({"a": rng.normal(0, 1, n), "b": rng.normal(5, 2, n)}, step_s=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector's folder."""
    inputs = {"a": Input("1"), "b": Input("bar")}
    card, files = train("mahalanobis", "anomaly", TrainingSet.of_normal(readings(), inputs))
    path = tmp_path_factory.mktemp("models") / "anomaly"
    write_folder(path, card, files)
    return path


def changed(folder: Path, to: Path, **contents: bytes) -> Path:
    """Return a copy with some files replaced, and the card's hashes left as they were."""
    to.mkdir()
    for file in folder.iterdir():
        (to / file.name).write_bytes(contents.get(file.stem, file.read_bytes()))
    return to


def recarded(folder: Path, to: Path, files: dict[str, bytes], **changes: Any) -> Path:
    """Return a copy whose card was made to fit other files: hashes alone protect nothing."""
    card = msgspec.structs.replace(read_folder(folder).card, **changes)
    loaded = {**read_folder(folder).files, **files}
    hashes = {name: _sha256(data) for name, data in loaded.items()}
    write_folder(to, msgspec.structs.replace(card, files=hashes), loaded)
    return to


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_was_written_is_loaded_and_gives_the_same_answers(folder: Path) -> None:
    loaded = read_folder(folder)
    assert loaded.card.training.sha256 == training_hash(readings())
    assert loaded.card.training.rows == 300
    prediction, _ = loaded.model.run(readings(seed=2), loaded.model.start())
    again, _ = read_folder(folder).model.run(readings(seed=2), loaded.model.start())
    score = prediction.columns["anomaly_score"]
    assert np.isfinite(score).sum() > 200
    np.testing.assert_array_equal(score, again.columns["anomaly_score"])


def test_a_folder_appears_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".m.half").mkdir()
    (tmp_path / ".m.half" / "rest.of.a.kill").write_bytes(b"")
    loaded = read_folder(folder)
    write_folder(tmp_path / "m", loaded.card, loaded.files)
    assert read_folder(tmp_path / "m").card == loaded.card


def test_a_changed_file_is_refused_by_its_hash(folder: Path, tmp_path: Path) -> None:
    wrong = changed(folder, tmp_path / "m", parity=b"x")
    with pytest.raises(ModelError, match=r"m/parity.npz is not the file .* SHA-256 differs"):
        read_folder(wrong)


def test_parameters_that_give_other_answers_are_refused(folder: Path, tmp_path: Path) -> None:
    (name,) = (n for n in read_folder(folder).files if n != PARITY)
    arrays = read_arrays(read_folder(folder).files[name], name)
    moved = {
        key: value * 1.01 if value.dtype.kind == "f" else value for key, value in arrays.items()
    }
    wrong = recarded(folder, tmp_path / "m", {name: packed_arrays(moved)})
    with pytest.raises(ModelError, match="is not what the model gave when it was made"):
        read_folder(wrong)


def test_a_pickle_is_never_opened(folder: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "went-off",))

    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, time_ns=np.array([Bomb()], dtype=object))
    wrong = recarded(folder, tmp_path / "m", {PARITY: buffer.getvalue()})
    with pytest.raises(ModelError, match="cannot be read as arrays"):
        read_folder(wrong)
    wrong = recarded(folder, tmp_path / "n", {PARITY: pickle.dumps(Bomb())})
    with pytest.raises(ModelError, match="cannot be read as arrays"):
        read_folder(wrong)
    assert not (tmp_path / "went-off").exists()


def test_a_small_file_that_unpacks_to_too_much_is_refused() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("a.npy", "w", force_zip64=True) as file,
    ):
        for _ in range(600):
            file.write(bytes(2**20))
    assert len(buffer.getvalue()) < 2**20
    with pytest.raises(ModelError, match=r"m/bomb.npz: unpacks to 600 MB; at most 128 MB"):
        read_arrays(buffer.getvalue(), "m/bomb.npz")


def test_a_header_that_claims_more_numbers_than_there_are_is_refused() -> None:
    header = io.BytesIO()
    claimed = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    np.lib.format.write_array_header_1_0(header, claimed)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("a.npy", header.getvalue())
    with pytest.raises(ModelError, match=r"m/claims.npz: cannot be read as arrays"):
        read_arrays(buffer.getvalue(), "m/claims.npz")


@pytest.mark.parametrize(
    ("name", "told"),
    [("../evil", "no plain file name"), ("card.json", "no plain file name"), ("x", "No such file")],
)
def test_a_card_may_only_name_files_beside_it(
    folder: Path, tmp_path: Path, name: str, told: str
) -> None:
    path = changed(folder, tmp_path / "m")
    card = json.loads((path / "card.json").read_text())
    card["files"][name] = "0" * 64
    (path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=told):
        read_folder(path)


def test_an_unknown_runtime_names_the_nearest(folder: Path, tmp_path: Path) -> None:
    wrong = recarded(folder, tmp_path / "m", {}, runtime="distanc")
    with pytest.raises(ModelError, match="Did you mean 'distance'"):
        read_folder(wrong)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"time_ns": np.array(["x"])}, "must be one-dimensional int64"),
        ({"time_ns": np.arange(300, 0, -1)}, "goes back"),
        ({"out.anomaly_score": np.zeros(3)}, "is not what the model gave"),
        ({"out.anomaly_score": np.array(["x"])}, "nothing shows that it works"),
        ({"out.anomaly_score": np.full(300, np.nan)}, "nothing shows that it works"),
    ],
)
def test_parity_samples_that_show_nothing_are_refused(
    folder: Path, tmp_path: Path, changes: dict[str, np.ndarray], told: str
) -> None:
    arrays = read_arrays(read_folder(folder).files[PARITY], PARITY)
    wrong = recarded(folder, tmp_path / "m", {PARITY: packed_arrays({**arrays, **changes})})
    with pytest.raises(ModelError, match=told):
        read_folder(wrong)


def test_a_card_that_no_computer_can_follow_is_a_model_error(folder: Path, tmp_path: Path) -> None:
    whole = recarded(folder, tmp_path / "m", {}, window=Window(every_s=12_345.0))
    card = whole / "card.json"
    card.write_text(card.read_text().replace("12345.0", "1e300"))
    with pytest.raises(ModelError, match=r"at `\$.window"):
        read_folder(whole)
