"""A model's folder: `card.json`, its files, and `parity.npz`, which is asked again at each load.

Nothing in a folder is code: parameters are ONNX or plain arrays, and pickled objects are refused.
"""

from __future__ import annotations

import hashlib
import io
import math
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec
import numpy as np

import telltale
from telltale.batch import Batch, FloatArray
from telltale.errors import BatchError, MissingExtraError, ModelError
from telltale.models import RUNTIMES
from telltale.models.base import Core, CoreFactory, Model
from telltale.models.card import Card, read_card, written_card
from telltale.models.composed import ComposedModel
from telltale.models.unpacking import MAX_UNPACKED_BYTES, check_unpacked
from telltale.registry import load

CARD, PARITY = "card.json", "parity.npz"
MAX_CARD_BYTES = 2**20
RELATIVE, ABSOLUTE = 1e-4, 1e-5  # other processors round otherwise; a wrong converter is far off
PARITY_ROWS = 256
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    OSError,
    KeyError,
    RuntimeError,  # an entry that asks for a password
    MemoryError,  # a header that claims more numbers than there are
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that has just answered its parity samples as it did when it was made.

    Attributes:
        model: Ready to run.
        card: Its card.
        files: The folder's files by name, the card not among them.
    """

    model: Model
    card: Card
    files: Mapping[str, bytes]


def made_model(card: Card, files: Mapping[str, bytes]) -> Model:
    """Return the model of a card and its files, unchecked.

    Raises:
        ModelError: The runtime is unknown, or the files are not what it needs.
        MissingExtraError: The runtime is not installed.
    """
    factory: CoreFactory = load(
        RUNTIMES, card.runtime, group="telltale.model_runtimes", error=ModelError
    )
    made = factory(card, files)
    return ComposedModel(card, made) if isinstance(made, Core) else made


def complete(
    card: Card, files: Mapping[str, bytes], samples: Batch
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files as a folder holds them: with parity samples and each file's hash.

    Args:
        card: Without `files`.
        files: The parameters, by name.
        samples: Readings to ask the model at each load, long enough for a full window; the
            newest `PARITY_ROWS` answers are stored.

    Raises:
        ModelError: The model gives no answer on these samples.
    """
    model = made_model(card, files)
    prediction, _ = model.run(samples, model.start())
    outputs = {name: prediction.columns[name] for name in card.outputs}
    if not any(np.isfinite(column).any() for column in outputs.values()):
        raise ModelError(
            f"{card.name}: no answer on the {len(samples)} parity samples. Give more of them: "
            f"a window takes {card.window.samples}."
        )
    whole = {**files, PARITY: _packed_parity(samples, card, outputs)}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(whole.items())}
    return msgspec.structs.replace(card, files=hashes), whole


def write_folder(folder: Path, card: Card, files: Mapping[str, bytes]) -> None:
    """Write a new folder: all of it appears at once, under its name, or nothing does."""
    half = folder.with_name(f".{folder.name}.half")
    half.mkdir(parents=True, exist_ok=True)
    for name, data in {**files, CARD: written_card(card)}.items():
        (half / name).write_bytes(data)
    half.rename(folder)


def read_folder(folder: Path) -> Loaded:
    """Load a model, with every check: sizes, hashes, runtime, and its own answers of before.

    Raises:
        ModelError: A check failed; the message says which.
        MissingExtraError: Its runtime is not installed.
    """
    card = read_card(bytes_of(folder / CARD, MAX_CARD_BYTES), f"{folder.name}/{CARD}")
    files = read_files(card, lambda name: bytes_of(folder / name, MAX_UNPACKED_BYTES), folder.name)
    model = made_model(card, files)
    check_parity(model, files)
    return Loaded(model, card, files)


def read_files(card: Card, read: Callable[[str], bytes], where: str) -> dict[str, bytes]:
    """Return the files that a card names, wherever they lie: those that it was written for.

    Raises:
        ModelError: A name is no plain file name, or a file is another one.
    """
    files = {}
    for name, sha256 in card.files.items():
        if PurePosixPath(name).name != name or name == CARD or "\\" in name:
            raise ModelError(f"{where}/{CARD}: {name!r} is no plain file name.")
        files[name] = read(name)
        if hashlib.sha256(files[name]).hexdigest() != sha256:
            raise ModelError(
                f"{where}/{name} is not the file that the card was written for: its "
                "SHA-256 differs. Take the folder from where it came from again."
            )
    return files


def check_parity(model: Model, files: Mapping[str, bytes]) -> None:
    """Ask a model its parity samples. Raises ModelError where an answer is not the stored one."""
    card = model.card
    if PARITY not in files:
        raise ModelError(f"{card.name}: {PARITY} is missing, so nothing shows that it works.")
    samples, expected = _parity(card, files[PARITY])
    try:
        prediction, _ = model.run(samples, model.start())
        apart = {name: _apart(prediction.columns[name], expected[name]) for name in expected}
    except (ModelError, MissingExtraError):
        raise
    except Exception as error:  # whatever a file makes a model do, the file is at fault
        raise ModelError(f"{card.name}: it cannot be asked about {PARITY}: {error}.") from error
    for name, most in apart.items():
        if most is not None:
            raise ModelError(
                f"{card.name}: {name!r} is not what the model gave when it was made, by up to "
                f"{most:.3g}. The file was changed, or this machine's runtime computes otherwise."
            )


def answer_s(loaded: Loaded) -> float:
    """Return how long one answer takes here, in seconds: the best of three tries."""
    samples, expected = _parity(loaded.card, loaded.files[PARITY])
    answers = max(1, *(int(np.isfinite(column).sum()) for column in expected.values()))
    model = loaded.model
    best_s = math.inf
    for _ in range(3):
        began_s = time.perf_counter()
        model.run(samples, model.start())
        best_s = min(best_s, time.perf_counter() - began_s)
    return best_s / answers


def _parity(card: Card, data: bytes) -> tuple[Batch, dict[str, FloatArray]]:
    """Return the samples and the answers of before. Raises ModelError."""
    where = f"{card.name}/{PARITY}"
    stored = read_arrays(data, where)
    try:
        expected = {name: stored[f"out.{name}"] for name in card.outputs}
        inputs = {name: stored[f"in.{name}"] for name in card.inputs}
        samples = Batch(card.name, stored["time_ns"], inputs)
    except KeyError as missing:
        raise ModelError(f"{where}: {missing} is not in it.") from None
    except BatchError as error:
        raise ModelError(f"{where}: {error}") from None
    if any(column.dtype != np.float64 for column in expected.values()) or not any(
        np.isfinite(column).any() for column in expected.values()
    ):
        raise ModelError(f"{where}: no answer is in it, so nothing shows that it works.")
    return samples, expected


def _apart(found: FloatArray, stored: FloatArray) -> float | None:
    """Return how far answers are from the stored ones; None where they are the same."""
    if found.shape != stored.shape or (np.isnan(found) != np.isnan(stored)).any():
        return math.inf
    if np.allclose(found, stored, RELATIVE, ABSOLUTE, equal_nan=True):
        return None
    return float(np.nanmax(np.abs(found - stored)))


def packed_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as the bytes of an `.npz` file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_arrays(data: bytes, where: str) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` file. Never unpickles.

    Raises:
        ModelError: It is none, holds objects, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            check_unpacked(packed.infolist(), len(data), where)
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except UNREADABLE as error:
        raise ModelError(f"{where}: cannot be read as arrays: {error}.") from None


def training_hash(batch: Batch) -> str:
    """Return the SHA-256 of a batch's times and values, columns by name."""
    digest = hashlib.sha256(batch.time_ns.tobytes())
    for name in sorted(batch.columns):
        digest.update(name.encode())
        digest.update(batch.columns[name].tobytes())
    return digest.hexdigest()


def stamped(card: Card) -> Card:
    """Return the card of a model that was made now, with the versions of what made it."""
    versions = {"telltale": telltale.__version__, "numpy": np.__version__}
    return msgspec.structs.replace(card, versions=versions, created_ns=time.time_ns())


def joint_hash(batches: Iterable[Batch]) -> str:
    """Return the SHA-256 of several recordings: of what `training_hash` gives of each, in order."""
    return hashlib.sha256("".join(map(training_hash, batches)).encode()).hexdigest()


def _packed_parity(samples: Batch, card: Card, outputs: Mapping[str, FloatArray]) -> bytes:
    inputs = {f"in.{name}": samples.columns[name] for name in card.inputs}
    expected = {f"out.{name}": column for name, column in outputs.items()}
    return packed_arrays({"time_ns": samples.time_ns, **inputs, **expected})


def bytes_of(path: Path, most: int) -> bytes:
    """Return a file of a model's folder. Raises ModelError if it is not there or too large."""
    try:
        size = path.stat().st_size
        if size > most:
            raise ModelError(f"{path.name}: {size} bytes; at most {most} are read.")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.parent.name}/{path.name}: {error.strerror}.") from None
