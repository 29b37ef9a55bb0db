"""Keras models are read without Keras and give what Keras gave: `tests/cases/models/keras`."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import ModelError
from telltale.models.importers.keras_file import open_keras
from telltale.models.importers.keras_import import convert
from telltale.models.importers.keras_layers import LAYERS
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession

CASES = Path(__file__).parents[2] / "cases/models/keras"
FOLDERS = sorted(path.parent for path in CASES.glob("*/input.npy"))
NEAR = 2e-6
Change = Callable[[dict[str, Any]], object]


def model_of(case: Path) -> Path:
    return next(path for path in case.iterdir() if path.stem == "model")


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name)
def test_a_model_gives_what_keras_gave(case: Path) -> None:
    found = convert(model_of(case))
    assert found.source.startswith("Keras 2." if "keras_2" in case.name else "Keras 3.")
    facts = check_onnx(found.onnx)
    given_rows, wanted = np.load(case / "input.npy"), np.load(case / "expected.npy")
    session = OnnxSession(found.onnx)
    answer = session.run(given_rows)[0]
    assert answer.shape == wanted.shape
    assert np.abs(answer - wanted).max() < NEAR * max(1.0, np.abs(wanted).max())
    for size, length in zip(facts.outputs[0].shape[1:], wanted.shape[1:], strict=True):
        assert size in (None, length)
    for at in range(len(given_rows)):
        alone = session.run(given_rows[at : at + 1])[0]
        assert np.abs(alone - wanted[at : at + 1]).max() < NEAR * max(1.0, np.abs(wanted).max())


def test_the_cases_hold_both_kinds_of_file_and_stay_small() -> None:
    assert {model_of(case).suffix for case in FOLDERS} == {".keras", ".h5"}
    assert sum(path.stat().st_size for path in CASES.rglob("*") if path.is_file()) < 300_000


def test_every_layer_that_is_read_occurs_in_a_case() -> None:
    seen: set[str] = set()
    for case in FOLDERS:
        with open_keras(model_of(case)) as model:
            seen.update(layer.kind for layer in model.layers)
    silent = {"AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization"}
    assert set(LAYERS) - seen - silent == {"Activation", "Softmax"} - seen


def changed(case: str, tmp_path: Path, change: Change) -> Path:
    """Return a case whose configuration was changed."""
    path = tmp_path / "changed.keras"
    with (
        zipfile.ZipFile(model_of(CASES / case)) as source,
        zipfile.ZipFile(path, "w") as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            target.writestr(name, data)
    return path


def layer(config: dict[str, Any], at: int) -> dict[str, Any]:
    found: dict[str, Any] = config["config"]["layers"][at]
    return found


def setting(at: int, **settings: Any) -> Change:
    return lambda config: layer(config, at)["config"].update(settings)


def kind(at: int, name: str) -> Change:
    return lambda config: layer(config, at).update(class_name=name)


PUMP, WAVES = "pump_lstm_autoencoder", "convolutions"
REFUSED: dict[str, tuple[str, Change, str]] = {
    "a layer by its name": (PUMP, kind(1, "MultiHeadAttention"), r"'lstm' \(MultiHeadAttention\)"),
    "code": (PUMP, kind(2, "Lambda"), "Python code, which is never run"),
    "an own layer": (PUMP, kind(1, "Package>Mine"), "Package>Mine"),
    "a model in a model": (PUMP, kind(1, "Sequential"), "not read"),
    "masking": (PUMP, kind(1, "Masking"), "Masking"),
    "backwards": (PUMP, setting(1, go_backwards=True), "go_backwards=True is not read"),
    "stateful": (PUMP, setting(1, stateful=True), "stateful=True"),
    "an activation": (PUMP, setting(1, activation="mine"), "Activation 'mine'"),
    "a function": (
        PUMP,
        setting(1, activation={"class_name": "function", "config": "evil"}),
        "Activation 'evil'",
    ),
    "half precision": (PUMP, setting(1, dtype="mixed_float16"), "'mixed_float16'"),
    "other weights": (PUMP, setting(1, units=5), "weights have the shapes"),
    "huge": (PUMP, setting(2, n=10**9), "too large"),
    "channels first": (WAVES, setting(1, data_format="channels_first"), "data_format"),
    "padding": (WAVES, setting(1, padding="mirrored"), "padding 'mirrored'"),
    "another axis": (WAVES, setting(2, axis=1), "axis 1"),
    "another model": (PUMP, lambda config: config.update(class_name="MyModel"), "MyModel"),
    "no layers": (PUMP, lambda config: config["config"].clear(), "not a model that Keras saved"),
    "no input shape": (
        PUMP,
        lambda config: (config["config"]["layers"].pop(0), config["config"].clear()),
        "not a model that Keras saved",
    ),
    "many layers": (
        PUMP,
        lambda config: config["config"].update(layers=[layer(config, 2)] * 1_000),
        "1000 layers",
    ),
    "two paths": (
        WAVES,
        lambda config: layer(config, 3)["inbound_nodes"].append(layer(config, 4)["inbound_nodes"]),
        "joins or shares 2 paths",
    ),
    "a circle": (
        WAVES,
        lambda config: layer(config, 1).update(inbound_nodes=[["re_lu", 0, 0]]),
        "in a circle",
    ),
    "two outputs": (
        WAVES,
        lambda config: config["config"].update(output_layers=[["wide", 0, 0], ["dense", 0, 0]]),
        "2 outputs",
    ),
}


@pytest.mark.parametrize(("case", "change", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_read_is_refused_by_its_name(
    case: str, change: Change, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=reason):
        convert(changed(case, tmp_path, change))


def as_keras_2(text: str) -> str:
    """Return a functional configuration as Keras 2 wrote it."""
    config = json.loads(text)
    for entry in config["config"]["layers"]:
        nodes = entry["inbound_nodes"]
        if nodes:
            source = nodes[0]["args"][0]["config"]["keras_history"]
            entry["inbound_nodes"] = [[[*source, {}]]]
        if "batch_shape" in entry["config"]:
            entry["config"]["batch_input_shape"] = entry["config"].pop("batch_shape")
        entry["config"]["dtype"] = "float32"
    ends = config["config"]
    for end in ("input_layers", "output_layers"):
        if not isinstance(ends[end][0], list):
            ends[end] = [ends[end]]
    return json.dumps(config)


def test_a_file_as_keras_2_wrote_it_is_read(tmp_path: Path) -> None:
    path = copied(tmp_path, "convolutions_h5")
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = as_keras_2(file.attrs["model_config"])
        file.attrs["keras_version"] = b"2.15.0"
    found = OnnxSession(convert(path).onnx)
    case = CASES / "convolutions_h5"
    assert np.allclose(
        found.run(np.load(case / "input.npy"))[0], np.load(case / "expected.npy"), atol=1e-6
    )


def test_hard_sigmoid_is_the_one_of_the_keras_that_wrote_the_file(tmp_path: Path) -> None:
    path = copied(tmp_path, "gru_h5")
    given_rows = np.load(CASES / "gru_h5/input.npy")
    by_keras_3 = OnnxSession(convert(path).onnx).run(given_rows)[0]
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = b"2.15.0"
    by_keras_2 = OnnxSession(convert(path).onnx).run(given_rows)[0]
    assert not np.allclose(by_keras_2, by_keras_3, atol=1e-6)


def copied(tmp_path: Path, case: str) -> Path:
    path = tmp_path / "model.h5"
    path.write_bytes((CASES / case / "model.h5").read_bytes())
    return path


def first_array(file: h5py.File) -> str:
    places: list[str] = []
    file.visititems(lambda name, at: places.append(name) if isinstance(at, h5py.Dataset) else None)
    return places[0]


def elsewhere(file: h5py.File) -> None:
    """Let weights lie in another file, through a link."""
    place = first_array(file)
    del file[place]
    file[place] = h5py.ExternalLink("/etc/passwd", "/")


def virtual(file: h5py.File) -> None:
    """Let weights be a view on another file."""
    place = first_array(file)
    layout = h5py.VirtualLayout(file[place].shape, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", file[place].shape)
    del file[place]
    file.create_virtual_dataset(place, layout)


def raw(file: h5py.File) -> None:
    """Let weights lie in the bytes of another file."""
    place = first_array(file)
    shape = file[place].shape
    del file[place]
    file.create_dataset(place, shape, "f4", external=[("/etc/passwd", 0, 10**6)])


def endless(file: h5py.File) -> None:
    """Let weights be a terabyte that takes no room in the file."""
    place = first_array(file)
    del file[place]
    file.create_dataset(place, (2**20, 2**18), "f4", chunks=(1024, 1024))


def not_finite(file: h5py.File) -> None:
    file[first_array(file)][...] = np.nan


def weights_only(file: h5py.File) -> None:
    del file.attrs["model_config"]


HOSTILE: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "link": (elsewhere, "in another file"),
    "virtual": (virtual, "in another file"),
    "raw": (raw, "in another file"),
    "endless": (endless, "cannot be taken"),
    "not finite": (not_finite, "not finite"),
    "weights only": (weights_only, "holds weights only"),
}


@pytest.mark.parametrize(("change", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_h5_is_refused_with_the_reason(
    change: Callable[[h5py.File], None], reason: str, tmp_path: Path
) -> None:
    path = copied(tmp_path, "gru_h5")
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(ModelError, match=reason):
        convert(path)


def test_an_archive_that_unpacks_to_gigabytes_is_refused_before_it_does(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (17 * 2**20))
        archive.writestr("metadata.json", b"{}")
    with pytest.raises(ModelError, match="unpacks to more than 16 MB"):
        convert(path)


SMALL = (CASES / "any_length/model.keras").read_bytes()


@given(cut=st.integers(0, len(SMALL)), at=st.integers(0, len(SMALL) - 1), byte=st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read_in_no_time(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, byte: int
) -> None:
    data = bytearray(SMALL)
    data[at] = byte
    path = tmp_path_factory.mktemp("damaged") / "model.keras"
    path.write_bytes(data[: max(cut, len(data) // 2)])
    start = time.perf_counter()
    try:
        assert check_onnx(convert(path).onnx).nodes > 0
    except ModelError as refused:
        assert str(refused)  # noqa: PT017 - anything else than a ModelError fails the test
    assert time.perf_counter() - start < 5.0
