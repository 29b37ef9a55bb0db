"""Scalers are read from pickles that are never unpickled; anything else is refused unrun."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import time
import zlib
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import linear_model, preprocessing
from sklearn.ensemble import RandomForestRegressor

from telltale.errors import ModelError
from telltale.models.importers.pickle_reader import STEPS, read_pickle
from telltale.models.importers.pickled import CLASSES, ESTIMATORS, convert
from telltale.models.onnx_files.session import OnnxSession
from tests.models.trees.grown import classes, rows, targets

X = rows("float64", has_missing=False)
REAL = targets(X)[:, 0]
FITTED: dict[str, Any] = {
    "StandardScaler": preprocessing.StandardScaler().fit(X),
    "MinMaxScaler": preprocessing.MinMaxScaler(clip=True).fit(X),
    "MaxAbsScaler": preprocessing.MaxAbsScaler().fit(X.astype(np.float32)),
    "RobustScaler": preprocessing.RobustScaler(with_centering=False).fit(X),
    "LinearRegression": linear_model.LinearRegression().fit(X, targets(X, 2)),
    "Ridge": linear_model.Ridge().fit(X, REAL),
    "Lasso": linear_model.Lasso(0.01).fit(X, REAL),
    "ElasticNet": linear_model.ElasticNet(0.01).fit(X, REAL),
    "LogisticRegression": linear_model.LogisticRegression().fit(
        X, np.array(["cold", "warm", "hot"])[classes(X, 3).astype(int)]
    ),
}
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
COMPRESSIONS: tuple[Any, ...] = (0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3))


def test_every_estimator_that_is_read_is_tested() -> None:
    assert set(FITTED) == set(ESTIMATORS)


def own(estimator: Any) -> Any:
    for method in ("predict_proba", "predict", "transform"):
        if hasattr(estimator, method):
            return np.asarray(getattr(estimator, method)(X)).reshape(len(X), -1)
    raise AssertionError(estimator)


def check_gives_the_same(path: Path, estimator: Any) -> None:
    found = OnnxSession(convert(path).onnx).run(X)[0]
    assert np.allclose(found, own(estimator), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_gives_what_the_estimator_gives(name: str, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(FITTED[name], protocol))
    check_gives_the_same(path, FITTED[name])


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("compression", COMPRESSIONS, ids=str)
def test_a_joblib_file_gives_what_the_estimator_gives(
    name: str, compression: Any, tmp_path: Path
) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(FITTED[name], path, compress=compression)
    check_gives_the_same(path, FITTED[name])


def test_notes_tell_the_classes_and_the_version(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(FITTED["LogisticRegression"]))
    found = convert(path)
    assert found.notes == ("Classes in order: cold, hot, warm.",)
    assert found.source.startswith("scikit-learn 1.")


MARKER = Path("telltale_was_run")


class Bomb:
    def __reduce__(self) -> Any:
        return os.system, (f"touch {MARKER}",)


class Nested:
    """A bomb among a scaler's attributes."""

    def __reduce__(self) -> Any:
        scaler = FITTED["StandardScaler"]
        return type(scaler), (), {**scaler.__getstate__(), "copy": Bomb()}


def evaluating(code: str) -> bytes:
    return b"cbuiltins\neval\n(V" + code.encode() + b"\ntR."


HOSTILE: dict[str, tuple[bytes, str]] = {
    **{
        f"bomb, protocol {p}": (pickle.dumps(Bomb(), p), "posix.system|nt.system")
        for p in PROTOCOLS
    },
    "nested bomb": (pickle.dumps(Nested()), "posix.system|nt.system"),
    "eval": (evaluating("open('telltale_was_run', 'w')"), "builtins.eval"),
    "import by name": (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
    "attribute of numpy": (b"cnumpy.testing._private.utils\nrunstring\n.", "runstring"),
    "dotted name": (b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93.", "ndarray.dump"),
    "old instance": (b"(S'x'\nios\nsystem\n.", "os.system"),
    "extension": (b"\x80\x02\x82\x01.", "EXT1 is not followed|damaged"),
    "persistent id": (b"Phello\n.", "PERSID is not followed"),
    "calls what is no name": (b"\x80\x02K\x01)R.", "would call what is no name"),
    "sets what it did not make": (b"\x80\x02K\x01}b.", "did not make"),
    "another estimator": (
        pickle.dumps(RandomForestRegressor(n_estimators=1).fit(X[:20], REAL[:20])),
        "RandomForestRegressor",
    ),
    "a dictionary": (pickle.dumps({"mean_": 1.0}), "no estimator"),
    "an array": (pickle.dumps(np.zeros(3)), "Read are"),
    "objects in an array": (
        pickle.dumps(np.array([Bomb()], dtype=object)),
        "system|numbers belong",
    ),
    "nothing": (b"", "damaged"),
    "no end": (b"\x80\x02", "damaged"),
    "endless memo": (b"\x80\x02K\x01r\xff\xff\xff\xff.", "no estimator"),
    "a long number": (b"\x80\x02\x8b\xff\xff\xff\x7f\x01.", "damaged"),
    "many steps": (b"\x80\x02" + b"N0" * 200_000 + b".", "more than 200000 steps"),
    "two stacks": (b"0.", "damaged"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pickle_is_refused_and_nothing_of_it_runs(
    data: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pkl").write_bytes(data)
    with pytest.raises(ModelError, match=reason):
        convert(tmp_path / "model.pkl")
    assert not MARKER.exists()


def test_the_bombs_are_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Bomb()))  # noqa: S301 - to show that a test above proves something
    assert MARKER.exists()


def test_what_unpacks_to_gigabytes_is_refused_before_it_does(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(zlib.compress(bytes(200 * 2**20)))
    with pytest.raises(ModelError, match="more than 128 MB"):
        convert(path)


def test_lz4_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(b"\x04\x22\x4d\x18" + bytes(20))
    with pytest.raises(ModelError, match="LZ4 is not unpacked"):
        convert(path)


def test_no_step_is_there_that_pickle_does_not_have() -> None:
    assert set(STEPS) <= {opcode.name for opcode in pickletools.opcodes}


SMALL = pickle.dumps(FITTED["StandardScaler"])


@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"\x80\x04", SMALL[:200]]))
def test_any_bytes_are_refused_or_read_in_no_time(data: bytes, start: bytes) -> None:
    refused_or_read(start + data)


@given(at=st.integers(0, len(SMALL) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_read_in_no_time(at: int, byte: int) -> None:
    changed = bytearray(SMALL)
    changed[at] = byte
    refused_or_read(bytes(changed))


def refused_or_read(data: bytes) -> None:
    start = time.perf_counter()
    try:
        assert read_pickle(io.BytesIO(data), CLASSES).by
    except ModelError as refused:
        assert str(refused)  # noqa: PT017 - anything else than a ModelError fails the test
    assert time.perf_counter() - start < 5.0
