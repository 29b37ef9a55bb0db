"""The importer of TensorFlow's SavedModel: the one that needs TensorFlow, to convert it.

It runs in a process of its own, as all importers do. The graph is looked through first: it must
not read or write files or call Python when the converter works out its constant parts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]
import tf2onnx  # type: ignore[import-not-found,import-untyped,unused-ignore]
from tensorflow.core.protobuf import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    saved_model_pb2,
)

from telltale.errors import ModelError
from telltale.models.importers.base import Converted
from telltale.models.onnx_files.graph import OPSET
from telltale.models.unpacking import check_unpacked

GRAPH = "saved_model.pb"
MAX_FILES = 200
ACTS = {  # operators that do more than compute
    "EagerPyFunc",
    "LoadAndRemapMatrix",
    "MatchingFiles",
    "PyFunc",
    "PyFuncStateless",
    "ReadFile",
    "WriteFile",
    "WholeFileReader",
    "WholeFileReaderV2",
    "XlaLaunch",
}
SIGNATURE = "serving_default"
MAX_TOLD_CHARS = 300


def convert(path: Path) -> Converted:
    """Return a SavedModel as ONNX.

    Args:
        path: Its folder, its `saved_model.pb`, or a zip archive of the folder.

    Raises:
        ModelError: It is none, does more than compute, or cannot be converted.
    """
    with tempfile.TemporaryDirectory(dir=".") as unpacked:
        folder = _folder(path, Path(unpacked))
        _check_operators(folder)
        onnx = _converted(folder)
    return Converted(
        onnx, f"SavedModel, by TensorFlow {tf.__version__}, tf2onnx {tf2onnx.__version__}"
    )


def _folder(path: Path, unpacked: Path) -> Path:
    if path.is_dir():
        return path
    if path.name == GRAPH:
        return path.parent
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack(archive, path, unpacked)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{path.name}: {error}.") from None
    found = list(unpacked.rglob(GRAPH))
    if len(found) != 1:
        raise ModelError(f"{path.name}: it holds {len(found)} files {GRAPH}; one is needed.")
    return found[0].parent


def _unpack(archive: zipfile.ZipFile, path: Path, folder: Path) -> None:
    """Unpack a zip archive, which `extract` keeps inside the folder, up to a size."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise ModelError(f"{path.name}: {len(entries)} files; at most {MAX_FILES} are taken.")
    check_unpacked(entries, path.stat().st_size, path.name)
    for entry in entries:
        archive.extract(entry, folder)


def _check_operators(folder: Path) -> None:
    """Refuse a graph that does more than compute."""
    saved: Any = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((folder / GRAPH).read_bytes())
    except Exception as error:
        raise ModelError(f"{GRAPH} cannot be read: {error}.") from None
    for meta in saved.meta_graphs:
        functions = [node for f in meta.graph_def.library.function for node in f.node_def]
        for node in (*meta.graph_def.node, *functions):
            if node.op in ACTS:
                raise ModelError(f"SavedModel refused: its operator {node.op!r} acts outside it.")


def _converted(folder: Path) -> bytes:
    """Run the converter's own command, under the limits of this process."""
    made = Path("converted.onnx").resolve()
    where = ("--saved-model", str(folder), "--output", str(made), "--signature_def", SIGNATURE)
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "tf2onnx.convert", *where, "--opset", str(OPSET)],
        capture_output=True,
        check=False,
    )
    if ran.returncode or not made.exists():
        lines = ran.stderr.decode(errors="replace").strip().split("\n")
        raise ModelError(f"SavedModel: it cannot be converted: {lines[-1][:MAX_TOLD_CHARS]}")
    return made.read_bytes()
