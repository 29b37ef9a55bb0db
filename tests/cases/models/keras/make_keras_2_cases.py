"""Writes the cases of this folder that Keras 2 made, which names and means some things otherwise.

Run where it is installed (`pip install tensorflow-cpu tf_keras`); telltale itself needs neither:
python make_keras_2_cases.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras  # type: ignore[import-not-found,unused-ignore]  # see above
from tf_keras import layers  # type: ignore[import-not-found,unused-ignore]


def functional() -> Any:
    """A functional model with layers that Keras 3 gives other settings."""
    given = keras.Input((12,))
    x = layers.LeakyReLU(alpha=0.1)(layers.Dense(8)(given))
    x = layers.Dropout(0.3)(layers.BatchNormalization()(x))
    return keras.Model(given, layers.Dense(4, activation="hard_sigmoid")(x))


def recurrent() -> Any:
    """Both GRUs, and a gate that Keras 3 computes otherwise."""
    return keras.Sequential(
        [
            keras.Input((9, 3)),
            layers.Conv1D(4, 3, padding="causal", activation="relu"),
            layers.MaxPooling1D(2),
            layers.GRU(5, return_sequences=True, recurrent_activation="hard_sigmoid"),
            layers.GRU(4, reset_after=False),
            layers.Dense(2, activation="softmax"),
        ]
    )


CASES = {
    "keras_2_functional": (functional, "model.h5", (12,)),
    "keras_2_gru": (recurrent, "model.keras", (9, 3)),
}


def main(folder: Path) -> None:
    """Write every case, compiled as a trainer leaves it."""
    rng = np.random.default_rng(5)
    for name, (make, file, shape) in CASES.items():
        keras.utils.set_random_seed(11)
        model = make()
        model.compile(loss="mae", optimizer="sgd")
        for variable in model.weights:
            if "normalization" in variable.name:
                variable.assign(np.abs(rng.normal(1.0, 0.3, variable.shape)))
        case = folder / name
        case.mkdir(parents=True, exist_ok=True)
        given = rng.normal(size=(4, *shape)).astype(np.float32)
        np.save(case / "input.npy", given)
        np.save(case / "expected.npy", np.asarray(model.predict(given, verbose=0)))
        model.save(case / file)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
