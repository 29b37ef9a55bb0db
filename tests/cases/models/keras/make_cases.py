"""Writes the cases of this folder with Keras itself: each model, an input, and what Keras gives.

Run where Keras is installed (`pip install keras torch`); telltale itself needs neither:
KERAS_BACKEND=torch python make_cases.py [FOLDER] [UNITS OF THE LARGE CASES, 1 IS FULL SIZE]
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-not-found,unused-ignore]  # see above
import numpy as np
from keras import layers  # type: ignore[import-not-found,unused-ignore]

SAMPLES = 4


def pump(smaller: int) -> Any:
    """LSTM autoencoder of the pump: 30 samples of 10 channels, 64 units."""
    units = 64 // smaller
    return keras.Sequential(
        [
            keras.Input((30, 10)),
            layers.LSTM(units, activation="relu"),
            layers.RepeatVector(30),
            layers.LSTM(units, activation="relu", return_sequences=True),
            layers.TimeDistributed(layers.Dense(10)),
        ]
    )


def faults(smaller: int) -> Any:
    """Fault intensities of a rotating machine: 35 inputs, 8 outputs."""
    model = keras.Sequential([keras.Input((35,))])
    for units in (512, 256, 128, 64):
        model.add(layers.Dense(units // smaller))
        model.add(layers.LeakyReLU(negative_slope=0.1))
        model.add(layers.BatchNormalization())
        model.add(layers.Dropout(0.3))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(8, activation="sigmoid"))
    return model


def functional(smaller: int) -> Any:
    """Convolutions with each padding, and pooling."""
    given = keras.Input((24, 3))
    x = layers.Conv1D(6, 5, padding="causal", dilation_rate=2, name="wide")(given)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.ReLU(max_value=4.0)(x)
    x = layers.Conv1D(8, 4, padding="same", strides=2, activation="elu", groups=2)(x)
    x = layers.MaxPooling1D(3, strides=2, padding="same")(x)
    x = layers.Conv1D(4, 2, use_bias=False, activation="swish")(x)
    x = layers.AveragePooling1D(2, padding="same")(x)
    x = layers.Flatten()(x)
    return keras.Model(given, layers.Dense(3, activation="softmax")(x))


def gru(smaller: int) -> Any:
    """GRUs with the reset gate after and before the product."""
    return keras.Sequential(
        [
            keras.Input((12, 4)),
            layers.GRU(7, return_sequences=True),
            layers.SpatialDropout1D(0.2),
            layers.GRU(6, reset_after=False, return_sequences=True, use_bias=False),
            layers.TimeDistributed(layers.Dense(5, activation="gelu")),
            layers.GRU(5, reset_after=False, recurrent_activation="hard_sigmoid"),
            layers.Dense(2),
        ]
    )


def any_length(smaller: int) -> Any:
    """A sequence of any length, gates with other activations, means and maxima over time."""
    return keras.Sequential(
        [
            keras.Input((None, 3)),
            layers.Conv1D(5, 3, padding="same"),
            layers.LSTM(6, return_sequences=True, activation="softsign", use_bias=False),
            layers.LSTM(5, return_sequences=True, recurrent_activation="hard_sigmoid"),
            layers.LSTM(4, return_sequences=True, activation="linear"),
            layers.GlobalAveragePooling1D(),
        ]
    )


def scalers(smaller: int) -> Any:
    """Scaling inside the model, every activation, and changes of shape."""
    model = keras.Sequential([keras.Input((6, 4)), layers.Rescaling(0.5, offset=-0.1)])
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(1).normal(3.0, 2.0, (50, 6, 4)))
    model.add(normalization)
    model.add(layers.LayerNormalization())
    model.add(layers.Permute((2, 1)))
    model.add(layers.Reshape((3, -1)))
    for name in ("tanh", "softplus", "selu", "leaky_relu", "relu6", "exponential", "hard_sigmoid"):
        model.add(layers.Dense(8, activation=name))
    model.add(layers.PReLU())
    model.add(layers.ELU(0.7))
    model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Activation("softsign"))
    return model


CASES: dict[str, tuple[Callable[[int], Any], str, tuple[int, ...]]] = {
    "pump_lstm_autoencoder": (pump, "model.keras", (30, 10)),
    "pump_lstm_autoencoder_h5": (pump, "model.h5", (30, 10)),
    "fault_network": (faults, "model.keras", (35,)),
    "convolutions": (functional, "model.keras", (24, 3)),
    "gru": (gru, "model.keras", (12, 4)),
    "gru_h5": (gru, "model.h5", (12, 4)),
    "convolutions_h5": (functional, "model.h5", (24, 3)),
    "any_length": (any_length, "model.keras", (9, 3)),
    "scalers": (scalers, "model.keras", (6, 4)),
}


def pack(path: Path) -> None:
    """Compress the archive, which Keras only stores: the repository stays small."""
    with zipfile.ZipFile(path) as stored:
        files = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, data in files.items():
            packed.writestr(name, data)


def main(folder: Path, smaller: int) -> None:
    """Write every case. Weights are drawn at random: parity does not need a trained model."""
    rng = np.random.default_rng(7)
    for name, (make, file, shape) in CASES.items():
        keras.utils.set_random_seed(11)
        model = make(smaller)
        for variable in model.weights:
            if "normalization" in variable.path and variable.dtype == "float32":
                variable.assign(np.abs(rng.normal(1.0, 0.3, variable.shape)).astype(np.float32))
            elif variable.path.endswith("bias"):
                variable.assign(rng.normal(0.0, 0.1, variable.shape).astype(np.float32))
        case = folder / name
        case.mkdir(parents=True, exist_ok=True)
        given = rng.normal(size=(SAMPLES, *shape)).astype(np.float32)
        np.save(case / "input.npy", given)
        np.save(case / "expected.npy", np.asarray(model.predict(given, verbose=0)))
        model.save(case / file)
        if file.endswith(".keras"):
            pack(case / file)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."), int((*sys.argv, "", "16")[2] or 16))
