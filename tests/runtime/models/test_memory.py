"""Models in memory: bounded by bytes, the least recently used goes, what runs is never doubled."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.folder import PARITY, Loaded, packed_arrays
from telltale.runtime.models.memory import SESSION_BYTES, LoadedModels, estimated_bytes
from tests.models.toys import toy

MIB = 2**20


def put(models: LoadedModels, number: int, size_bytes: int) -> Loaded:
    models.make_room(size_bytes, f"model {number}")
    made = toy()
    return models.add(number, Loaded(made, made.card, {"f": b"1"}), size_bytes)


def test_the_least_recently_used_model_makes_room() -> None:
    models = LoadedModels(10 * MIB)
    for number in (1, 2):
        put(models, number, 4 * MIB)
    assert models.get(1) is not None
    put(models, 3, 4 * MIB)
    gc.collect()
    assert models.get(2) is None
    assert models.get(1) is not None
    assert models.get(3) is not None
    assert models.used_bytes == 8 * MIB


def test_many_small_models_stay_where_few_large_ones_would_not() -> None:
    models = LoadedModels(10 * MIB)
    for number in range(1_000):
        put(models, number, 10_000)
    assert all(models.get(number) is not None for number in range(1_000))


def test_a_model_that_runs_is_found_again_and_not_loaded_twice() -> None:
    models = LoadedModels(10 * MIB)
    running = put(models, 1, 4 * MIB).model
    for number in (2, 3, 4):
        put(models, number, 4 * MIB)
    found = models.get(1)
    assert found is not None
    assert found.model is running


def test_a_model_larger_than_all_room_is_refused_with_both_sizes() -> None:
    models = LoadedModels(10 * MIB)
    kept = put(models, 1, MIB)
    with pytest.raises(ModelError, match=r"model 2 takes about 11\.0 MB .* may take 10 MB"):
        put(models, 2, 11 * MIB)
    assert models.get(1) is kept


def test_models_that_run_keep_their_room_and_the_next_one_is_told_so() -> None:
    models = LoadedModels(10 * MIB)
    running = [put(models, number, 4 * MIB).model for number in (1, 2)]
    with pytest.raises(ModelError, match=r"the models that run take 8\.0 of the 10 MB"):
        put(models, 3, 4 * MIB)
    running.pop()
    gc.collect()
    put(models, 3, 4 * MIB)
    assert len(running) == 1


def test_files_are_not_kept_beside_the_model_that_was_made_of_them() -> None:
    assert put(LoadedModels(MIB), 1, 1_000).files == {}


def test_the_estimate_counts_what_parameters_unpack_to_and_a_session_for_a_graph() -> None:
    packed = packed_arrays({"mean": np.zeros(100_000)})
    assert len(packed) < 10_000
    assert 800_000 < estimated_bytes(b"card", {"parameters.npz": packed, PARITY: packed}) < 810_000
    graph = estimated_bytes(b"card", {"model.onnx": bytes(MIB)})
    assert 1.5 * MIB + SESSION_BYTES < graph < 2 * MIB
