"""Runs a checked ONNX file on samples, in a process of its own, before the server loads it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.onnx_files.check import LIMITS, Limits, OnnxFacts
from telltale.models.onnx_files.limited import run_limited
from telltale.models.onnx_files.session import OnnxSession

SAMPLES = 32
SEED = 20_260_101
FREE_AXIS = 8  # length that is tried where an axis may have any
RELATIVE, ABSOLUTE = 1e-4, 1e-5
MODEL, ASKED, ANSWERS = "model.onnx", "asked.npy", "answers.npz"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model gave, one sample at a time.

    Attributes:
        samples: What it was asked, shape (n, ...).
        outputs: By name, each of shape (n, ...), in the model's order.
        row_ms: Median time for one sample.
    """

    samples: FloatArray
    outputs: dict[str, np.ndarray]
    row_ms: float


def probe_onnx(
    data: bytes, facts: OnnxFacts, samples: FloatArray | None = None, limits: Limits = LIMITS
) -> Answers:
    """Load and run a model where it can do no harm, and return what it gives.

    Args:
        data: The file, which gave `facts` in `check_onnx`.
        facts: Its input and outputs.
        samples: What to ask, shape (n, ...); else 32 samples from a normal distribution.
        limits: Memory and time.

    Raises:
        ModelError: It cannot be loaded or run within the limits, gives other numbers when asked
            again, or lets one sample's answer depend on the others beside it.
        MissingExtraError: ONNX Runtime is not installed.
    """
    if facts.input.shape[0] not in (None, 1):
        raise ModelError(
            f"The model takes {facts.input.shape[0]} samples at once. Export it with a batch of 1, "
            "or of any size."
        )
    asked = _samples(facts) if samples is None else np.asarray(samples, dtype=np.float64)
    if not len(asked):
        raise ModelError("There are no samples to ask the model. Give at least one.")
    with tempfile.TemporaryDirectory(prefix="telltale-probe-") as name:
        folder = Path(name)
        (folder / MODEL).write_bytes(data)
        np.save(folder / ASKED, asked, allow_pickle=False)
        target = f"{__name__}:answer"
        run_limited(target, folder, "Trying the model", limits, preload=("onnxruntime",))
        with np.load(folder / ANSWERS, allow_pickle=False) as found:
            row_ms = float(found["row_ms"])
            given = [found[str(at)] for at in range(len(found.files) - 1)]
    names = [spec.name for spec in facts.outputs]
    return Answers(asked, dict(zip(names, given, strict=True)), row_ms)


def _samples(facts: OnnxFacts) -> FloatArray:
    shape = [size or FREE_AXIS for size in facts.input.shape[1:]]
    return np.random.default_rng(SEED).standard_normal((SAMPLES, *shape))


def answer() -> None:
    """Ask the model in this folder about the samples in it. Called by `run_limited`."""
    session = OnnxSession(Path(MODEL).read_bytes())
    asked = np.load(ASKED, allow_pickle=False)
    seconds, rows = [], []
    for at in range(len(asked)):
        start = time.perf_counter()
        rows.append(session.run(asked[at : at + 1]))
        seconds.append(time.perf_counter() - start)
    for found, spec in zip(rows[0], session.outputs, strict=True):
        if found.ndim == 0 or len(found) != 1:
            raise ModelError(
                f"Output {spec.name!r} has the shape {found.shape} for one sample; its first axis "
                "must be the batch's."
            )
    again = session.run(asked[:1])
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(rows[0], again, strict=True)):
        raise ModelError("The model gives other numbers when it is asked again.")
    outputs = [np.concatenate([row[at] for row in rows]) for at in range(len(again))]
    if session.input.shape[0] is None:
        _check_rows_are_apart(session.run(asked), outputs)
    arrays = {str(at): output for at, output in enumerate(outputs)}
    np.savez(ANSWERS, row_ms=np.median(seconds) * 1e3, **arrays)  # type: ignore[arg-type]


def _check_rows_are_apart(together: list[np.ndarray], alone: list[np.ndarray]) -> None:
    for a, b in zip(together, alone, strict=True):
        if a.shape != b.shape or not np.allclose(a, b, RELATIVE, ABSOLUTE, equal_nan=True):
            raise ModelError("The model's answer for a sample depends on the samples beside it.")
