"""`import_model`: a foreign model file in, a checked ONNX file with its answers out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.importers import IMPORTERS
from telltale.models.onnx_files.check import LIMITS, Limits, check_onnx
from telltale.models.onnx_files.limited import run_limited
from telltale.models.onnx_files.probe import ABSOLUTE, RELATIVE, Answers, probe_onnx
from telltale.models.onnx_files.session import TensorSpec
from telltale.registry import load, suggest

GROUP = "telltale.importers"
ONNX_SUFFIX = ".onnx"
SAVED_MODEL = ".pb"
MAX_SOURCE_BYTES = 256 * 2**20
SLOW = frozenset({SAVED_MODEL, ".zip"})  # TensorFlow alone takes this much to start
SLOW_LIMITS = replace(LIMITS, memory_bytes=12 * 2**30, cpu_s=300, wall_s=300.0)
PRELOADED = ("onnx", "h5py")
REQUEST, MODEL, NOTES = "request.json", "model.onnx", "notes.json"


@dataclass(frozen=True, slots=True)
class Converted:
    """What an importer gives: an ONNX file, and what its user should know."""

    onnx: bytes
    source: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that may be served: checked, tried, and with its answers.

    Attributes:
        onnx: The file.
        source: What it was: "Keras 3.15.1".
        input: The one array that goes in; None where an axis may have any length.
        outputs: Arrays that come out, in order.
        notes: Sentences for its user.
        parity_inputs: What it was asked, shape (n, ...).
        parity_outputs: What it gave, by output, each of shape (n, ...).
        row_ms: Median time for one sample, on this machine and one thread.
    """

    onnx: bytes
    source: str
    input: TensorSpec
    outputs: tuple[TensorSpec, ...]
    notes: tuple[str, ...]
    parity_inputs: FloatArray
    parity_outputs: dict[str, np.ndarray]
    row_ms: float


def import_model(
    path: Path,
    *,
    samples: FloatArray | None = None,
    expected: FloatArray | None = None,
    limits: Limits = LIMITS,
) -> Imported:
    """Read a model file by its suffix. Nothing in it is run as code.

    Everything but ONNX is read in a process of its own with little memory and time; the ONNX file
    that comes out, or was given, is checked and then tried in another one.

    Args:
        path: The file; for a SavedModel its folder, or a zip archive of that.
        samples: What to ask it, shape (n, ...); else drawn from a normal distribution.
        expected: What the source gives for the samples (its first output): compared.
        limits: What the ONNX file may hold, and what trying it may take.

    Raises:
        ModelError: The file cannot be taken; the message says why.
        MissingExtraError: It needs an optional package that is not installed.
    """
    suffix = SAVED_MODEL if path.is_dir() else path.suffix.lower()
    size_bytes = _size_bytes(path)
    if size_bytes > MAX_SOURCE_BYTES:
        raise ModelError(f"{path.name}: {size_bytes} bytes; at most {MAX_SOURCE_BYTES} are taken.")
    if suffix == ONNX_SUFFIX:
        found = Converted(path.read_bytes(), "ONNX")
    else:
        found = _converted(path, suffix, limits)
    return tried(
        found.onnx,
        source=found.source,
        samples=samples,
        expected=expected,
        notes=found.notes,
        limits=limits,
    )


def tried(
    onnx: bytes,
    *,
    source: str,
    samples: FloatArray | None = None,
    expected: FloatArray | None = None,
    notes: Sequence[str] = (),
    limits: Limits = LIMITS,
) -> Imported:
    """Check an ONNX file, run it in a process of its own, and compare with what is expected.

    Raises:
        ModelError: A check failed, or the answers are not those expected.
        MissingExtraError: ONNX Runtime is not installed.
    """
    facts = check_onnx(onnx, limits)
    answers = probe_onnx(onnx, facts, samples, limits)
    told = (*notes, _compared(answers, expected))
    is_told = source == "ONNX" and facts.producer
    producer = f"{source}, written by {facts.producer}" if is_told else source
    outputs = tuple(
        replace(spec, shape=(None, *answers.outputs[spec.name].shape[1:])) for spec in facts.outputs
    )
    return Imported(
        onnx,
        producer,
        facts.input,
        outputs,
        told,
        answers.samples,
        answers.outputs,
        answers.row_ms,
    )


def _compared(answers: Answers, expected: FloatArray | None) -> str:
    """Return how far the answers are from those expected, if they are near enough."""
    if expected is None:
        return "No answers of the source were given to compare with: give samples and expected."
    name, found = next(iter(answers.outputs.items()))
    if found.size != np.size(expected):
        raise ModelError(
            f"Output {name!r} has the shape {found.shape}; {np.shape(expected)} was expected."
        )
    wanted = np.asarray(expected, dtype=np.float64).reshape(found.shape)
    apart = np.abs(found - wanted)
    if not np.allclose(found, wanted, RELATIVE, ABSOLUTE, equal_nan=True):
        at = np.unravel_index(np.argmax(np.nan_to_num(apart, nan=np.inf)), apart.shape)
        raise ModelError(
            f"Output {name!r} differs from what was expected: {found[at]:.6g} in place of "
            f"{wanted[at]:.6g} at {tuple(int(place) for place in at)}. It is not imported."
        )
    most = float(np.nanmax(apart)) if np.isfinite(apart).any() else 0.0
    return f"Compared with the source on {len(found)} samples: at most {most:.2g} apart."


def _size_bytes(path: Path) -> int:
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path.name}: {error.strerror}.") from None


def _converted(path: Path, suffix: str, limits: Limits) -> Converted:
    """Run the importer of a suffix in a process of its own."""
    if suffix not in IMPORTERS:
        known = [ONNX_SUFFIX, *IMPORTERS]
        raise ModelError(
            f"{path.name}: models of the kind {suffix!r} are not read. {suggest(suffix, known)}"
        )
    with tempfile.TemporaryDirectory(prefix="telltale-import-") as name:
        folder = Path(name)
        request = {"path": str(path.resolve()), "suffix": suffix}
        (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        most = SLOW_LIMITS if suffix in SLOW else limits
        target = f"{__name__}:convert_here"
        run_limited(target, folder, f"Reading {path.name}", most, preload=PRELOADED)
        if (size_bytes := (folder / MODEL).stat().st_size) > most.file_bytes:
            raise ModelError(
                f"{path.name}: as ONNX it takes {size_bytes} bytes; at most {most.file_bytes} "
                "are taken."
            )
        told = json.loads((folder / NOTES).read_text(encoding="utf-8"))
        return Converted((folder / MODEL).read_bytes(), told["source"], tuple(told["notes"]))


def convert_here() -> None:
    """Do what the request in this folder asks for. Called by `run_limited`."""
    request = json.loads(Path(REQUEST).read_text(encoding="utf-8"))
    convert = load(IMPORTERS, request["suffix"], group=GROUP, error=ModelError)
    found: Converted = convert(Path(request["path"]))
    Path(MODEL).write_bytes(found.onnx)
    told = {"source": found.source, "notes": found.notes}
    Path(NOTES).write_text(json.dumps(told), encoding="utf-8")
