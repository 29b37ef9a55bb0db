"""A model's folder as a zip file: refused before it takes memory or a place on the shelf."""

from __future__ import annotations

import hashlib
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from telltale.errors import ModelError
from telltale.models.card import Card, Training, written_card
from telltale.runtime.models.importing import read_packed

BIG_BYTES = 400 * 2**20


def bomb(path: Path) -> Path:
    """Write a zip file of 400 KB that unpacks to 400 MB, its card in order."""
    piece = bytes(2**20)
    digest = hashlib.sha256()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("parameters.npz", "w", force_zip64=True) as file:
            for _ in range(BIG_BYTES // len(piece)):
                file.write(piece)
                digest.update(piece)
        card = Card(
            name="m",
            title="M",
            task="other",
            runtime="distance",
            inputs={},
            columns=(),
            core_outputs=(),
            outputs={},
            training=Training("nothing", is_simulated=True),
            files={"parameters.npz": digest.hexdigest()},
        )
        packed.writestr("card.json", written_card(card))
    return path


def test_a_small_file_that_unpacks_to_too_much_takes_no_memory(tmp_path: Path) -> None:
    path = bomb(tmp_path / "m.zip")
    assert path.stat().st_size < 500_000
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=r"m\.zip: unpacks to 400 MB; at most 128 MB"):
            read_packed(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000
