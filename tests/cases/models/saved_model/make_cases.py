"""Writes the cases of this folder. Run where TensorFlow is (`pip install tensorflow-cpu`).

python make_cases.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

ROWS = tf.TensorSpec([None, 3], tf.float32, name="x")
SIGNATURE = "serving_default"


def network(rng: np.random.Generator) -> Any:
    """Two layers with random weights."""
    module = tf.Module()
    module.first = tf.Variable(rng.normal(size=(3, 8)).astype("f4"))
    module.offset = tf.Variable(rng.normal(size=8).astype("f4"))
    module.second = tf.Variable(rng.normal(size=(8, 2)).astype("f4"))

    @tf.function(input_signature=[ROWS])  # type: ignore[untyped-decorator,unused-ignore]
    def run(x: Any) -> dict[str, Any]:
        hidden = tf.nn.relu(x @ module.first + module.offset)
        return {"y": tf.nn.softmax(hidden @ module.second)}

    module.run = run
    return module


def writer() -> Any:
    """A model that writes a file when it is asked."""
    module = tf.Module()

    @tf.function(input_signature=[ROWS])  # type: ignore[untyped-decorator,unused-ignore]
    def run(x: Any) -> dict[str, Any]:
        tf.io.write_file("went-off", "x")
        return {"y": x}

    module.run = run
    return module


def pack(module: Any, path: Path) -> None:
    """Save a module and pack its folder."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / path.stem
        tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.run})
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    packed.write(file, file.relative_to(place))


def main(folder: Path) -> None:
    """Write all cases."""
    rng = np.random.default_rng(7)
    made = network(rng)
    pack(made, folder / "network.zip")
    pack(writer(), folder / "writer.zip")
    asked = rng.normal(size=(16, 3)).astype("f4")
    np.savez(folder / "network.npz", asked=asked, given=made.run(tf.constant(asked))["y"].numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
