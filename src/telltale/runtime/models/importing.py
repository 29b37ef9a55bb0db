"""A foreign model becomes one of telltale's: its file is checked, and a card says how it is fed."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import msgspec
import numpy as np

import telltale
from telltale.batch import NS_PER_S, Batch
from telltale.errors import ModelError
from telltale.models.card import (
    AtLeastOne,
    Card,
    Input,
    Licence,
    StepSeconds,
    Task,
    Training,
    Window,
    check_name,
    read_card,
)
from telltale.models.folder import CARD, MAX_CARD_BYTES, complete, read_files
from telltale.models.importers.base import Imported, import_model
from telltale.models.onnx_files.core import FILE, OUTPUTS
from telltale.models.unpacking import check_unpacked
from telltale.pipeline.outputs import check_inputs, check_outputs
from telltale.profiles.schema import Limits, Output, Profile
from telltale.registry import suggest

MAX_FILES = 64
PARITY_SAMPLES = 16  # of the first window, and as many answers after it


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a foreign model is fed and what it gives.

    Attributes:
        name: Of the model.
        columns: Channels and metrics in the order in which they go in.
        outputs: What its numbers are called, in the order in which they come out.
        title: For people; the name if absent.
        task: What it answers.
        samples, every_s, gap_s: Of the window.
        unit: Of the outputs.
        warn_above, critical_above: Limits of the first output.
        is_simulated: It learnt from simulated or synthetic data.
        licence: SPDX name.
    """

    name: str
    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    title: str = ""
    task: Task = "other"
    samples: AtLeastOne = 1
    every_s: StepSeconds = 0.0
    gap_s: StepSeconds | None = None
    unit: str = "1"
    warn_above: float | None = None
    critical_above: float | None = None
    is_simulated: bool = False
    licence: Licence = "unknown"

    def __post_init__(self) -> None:
        """Refuse a window that no machine lives to fill. Raises ValueError."""
        _ = self.window

    @property
    def window(self) -> Window:
        """How many samples go in at once, and when."""
        return Window(self.samples, self.every_s, self.gap_s)


def read_packed(path: Path) -> tuple[Card, dict[str, bytes]] | None:
    """Return the card and files of a zipped model folder; None if it is no such archive.

    Raises:
        ModelError: It holds too much, or its card cannot be read.
    """
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as packed:
            return _unpacked(packed, path.stat().st_size, path.name)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError) as error:
        raise ModelError(f"{path.name}: cannot be unpacked: {error}.") from None


def _unpacked(
    packed: zipfile.ZipFile, size_bytes: int, name: str
) -> tuple[Card, dict[str, bytes]] | None:
    entries = {entry.filename: entry for entry in packed.infolist() if not entry.is_dir()}
    if CARD not in entries:
        return None
    if len(entries) > MAX_FILES:
        raise ModelError(f"{name}: {len(entries)} files; a model has at most {MAX_FILES}.")
    check_unpacked(entries.values(), size_bytes, name)
    if entries[CARD].file_size > MAX_CARD_BYTES:
        raise ModelError(f"{name}: its {CARD} has more than {MAX_CARD_BYTES} bytes.")
    card = read_card(packed.read(CARD), f"{name}/{CARD}")
    unknown = sorted(card.files.keys() - entries.keys())
    if unknown:
        raise ModelError(f"{name}: {unknown[0]} is named in the card and not in it.")
    return card, read_files(card, packed.read, name)


def check_fit(card: Card, profile: Profile | None) -> None:
    """Refuse a card whose outputs cannot be columns, or that does not fit its profile.

    Args:
        card: Of a packed folder.
        profile: Whose machines it is for; None when that is not known yet, so that only what is
            wrong on every machine is refused.

    Raises:
        ModelError: The message names the place in the card.
    """
    if profile is not None:
        check_inputs(card, profile)
        check_outputs(card, profile)
        return
    outputs = {
        name: msgspec.structs.replace(
            output, limits=output.limits and msgspec.structs.replace(output.limits, when=None)
        )
        for name, output in card.outputs.items()
    }
    nothing = Profile(id="", title="", description="", channels={})
    check_outputs(msgspec.structs.replace(card, outputs=outputs), nothing)


def foreign_model(path: Path, binding: Binding, profile: Profile) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a foreign model, fed from a profile's columns.

    Raises:
        ModelError: The file cannot be taken, or it does not fit the binding.
        MissingExtraError: It needs an optional package that is not installed.
    """
    inputs = {name: Input(_unit(profile, name)) for name in binding.columns}
    found = import_model(path)
    card = Card(
        name=binding.name,
        title=binding.title or binding.name,
        task=binding.task,
        runtime="onnx",
        inputs=inputs,
        columns=binding.columns,
        core_outputs=binding.outputs,
        outputs=_outputs(binding),
        window=binding.window,
        settings={OUTPUTS: _graph_outputs(found, len(binding.outputs))},
        training=Training(
            " ".join((f"{found.source}, imported from {path.name}.", *found.notes)),
            is_simulated=binding.is_simulated,
        ),
        licence=binding.licence,
        versions={"telltale": telltale.__version__},
    )
    check_name(card.name, "binding")
    check_outputs(card, profile)
    return complete(card, {FILE: found.onnx}, _samples(card))


def packed_folder(card: bytes, files: dict[str, bytes]) -> bytes:
    """Return a model's folder as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in sorted({**files, CARD: card}.items()):
            packed.writestr(name, data)
    return buffer.getvalue()


def _unit(profile: Profile, name: str) -> str:
    known = (*profile.channels, *profile.metrics)
    if name not in known:
        raise ModelError(f"{profile.id} has no channel or metric {name!r}. {suggest(name, known)}")
    return profile.signal(name).unit


def _outputs(binding: Binding) -> dict[str, Output]:
    limits = Limits(warn_above=binding.warn_above, critical_above=binding.critical_above)
    has_limits = limits != Limits()
    return {
        name: Output(
            name.replace("_", " ").capitalize(),
            binding.unit,
            limits=limits if has_limits and not place else None,
        )
        for place, name in enumerate(binding.outputs)
    }


def _graph_outputs(found: Imported, wanted: int) -> list[str]:
    """Return the graph's outputs that give as many numbers as there are names.

    A classifier gives its label first and the probabilities after it: those are meant.
    """
    sizes = {name: values[0].size for name, values in found.parity_outputs.items()}
    for name, size in sizes.items():
        if size == wanted:
            return [name]
    if sum(sizes.values()) == wanted:
        return list(sizes)
    told = ", ".join(f"{name} ({size})" for name, size in sizes.items())
    raise ModelError(f"The model gives {told}; {wanted} outputs are named.")


def _samples(card: Card) -> Batch:
    """Return readings to ask at each load: the same ones for every model of this shape."""
    n = card.window.samples + PARITY_SAMPLES
    rng = np.random.default_rng(0)
    step_s = card.window.every_s or 1.0
    time_ns = np.arange(1, n + 1, dtype=np.int64) * max(1, round(step_s * NS_PER_S))
    return Batch(card.name, time_ns, {name: rng.normal(size=n) for name in card.inputs})
