"""Kept models over the API that cannot be had as they were: said with what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from telltale.models.card import Card, written_card
from telltale.runtime.models.importing import packed_folder
from tests.api.conftest import API, Served
from tests.models.graphs import sums


def packed(made: tuple[Card, dict[str, bytes]]) -> bytes:
    card, files = made
    return packed_folder(written_card(card), files)


async def imported(served: Served, file: bytes, **query: str) -> httpx.Response:
    asked = {"filename": "m.zip", **query}
    return await served.http.post(f"{API}/models", params=asked, content=file)


async def changed(served: Served, **change: Any) -> httpx.Response:
    return await served.http.patch(f"{API}/machines/pump-1/models/sums", json=change)


@pytest.fixture
async def pump(served: Served) -> Served:
    """A pump with two versions of a model, the second active."""
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "industrial_pump"})
    for factor in (1.0, 2.0):
        answer = await imported(served, packed(sums(factor=factor)), machine="pump-1")
        assert answer.status_code == 201, answer.text
    assert (await changed(served, action="activate", model=2)).status_code == 200
    return served


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("DELETE FROM model_files WHERE model = 1", "model.onnx, parity.npz"),
        ("DELETE FROM model_files WHERE model = 1 AND name LIKE 'parity%'", "its parity.npz"),
    ],
)
async def test_a_model_whose_files_are_gone_says_so_and_what_runs_goes_on(
    pump: Served, tmp_path: Path, lost: str, named: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "telltale.db")) as database, database:
        database.execute(lost)
    asked = [
        await pump.get("/models/1/folder"),
        await changed(pump, action="roll_back"),
        await changed(pump, action="activate", model=1),
    ]
    for answer in asked:
        assert answer.status_code == 410, answer.text
        assert named in answer.json()["detail"]
        assert "Restore a backup, or train or import it again" in answer.json()["detail"]
    (model,) = (await pump.get("/machines/pump-1/models")).json()["models"]
    assert (model["model"], model["state"]) == (2, "learning")
    assert (await pump.get("/models/2/folder")).status_code == 200
    assert (await pump.http.delete(f"{API}/models/1")).status_code == 204


@pytest.mark.parametrize(
    ("query", "changes", "words"),
    [
        ({}, {"outputs": ["flow-score"]}, "a name is lower-case letters"),
        ({}, {"outputs": ["machine"]}, "taken by the store"),
        ({}, {"outputs": ["temp_c"]}, "the name's ending says 'degC'"),
        ({}, {"unit": "furlong"}, "unknown unit 'furlong'"),
        ({"machine": "pump-1"}, {"reads": {"flow": "l/min"}}, "no channel or metric of that name"),
        ({"profile": "industrial_pump"}, {"reads": {"flow_l_min": "m3/h"}}, "measures it in l/min"),
    ],
)
async def test_a_folder_whose_outputs_or_inputs_cannot_be_is_refused_at_its_import(
    pump: Served, query: dict[str, str], changes: dict[str, Any], words: str
) -> None:
    answer = await imported(pump, packed(sums(name="wrong", **changes)), **query)
    assert (answer.status_code, words in answer.json()["detail"]) == (422, True), answer.text
    assert len((await pump.get("/models")).json()["models"]) == 2
