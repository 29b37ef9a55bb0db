"""After a restart every machine is where it was, even when what describes it has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from telltale.batch import Batch
from telltale.formats.base import Decoded
from tests.runtime.conftest import HandClock, OpenRuntime
from tests.runtime.test_core import T0, readings

PROFILE = """
title = "Kiln"
description = "A kiln."
[channels.oil_temp_c]
title = "Oil temperature"
unit = "degC"
range = [-40, 200]
{limits}
"""
LIMITS = "limits = { warn_above = 90 }"


def kiln(value: float, start_ns: int = T0) -> Decoded:
    columns = {"oil_temp_c": np.full(5, value)}
    return Decoded((Batch("kiln", start_ns + np.arange(5) * 10**9, columns),))


def write_profile(folder: Path, limits: str) -> Path:
    path = folder / "profiles" / "kiln.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(PROFILE.format(limits=limits), encoding="utf-8")
    return path


async def test_a_machine_whose_profile_is_broken_says_so_and_the_others_go_on(
    open_runtime: OpenRuntime, tmp_path: Path, clock: HandClock
) -> None:
    file = write_profile(tmp_path, LIMITS)
    async with open_runtime() as runtime:
        await runtime.ingest(kiln(50.0), profile="kiln")
        await runtime.ingest(readings("pump-1"))
    file.write_text("title = Kiln", encoding="utf-8")
    async with open_runtime() as runtime:
        kiln_now = runtime.machine("kiln")
        assert kiln_now.state_word() == "failed"
        assert "kiln.toml" in kiln_now.headline(clock())
        (receipt,) = await runtime.ingest(kiln(51.0, T0 + 10**11))
        assert receipt.accepted == 0
        (receipt,) = await runtime.ingest(readings("pump-1", start_ns=T0 + 10**11))
        assert receipt.accepted == 5
    write_profile(tmp_path, LIMITS)
    async with open_runtime() as runtime:
        assert runtime.machine("kiln").values["oil_temp_c"] == 50.0


async def test_an_open_event_whose_rule_is_gone_is_ended(
    open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    write_profile(tmp_path, LIMITS)
    async with open_runtime() as runtime:
        await runtime.ingest(kiln(95.0), profile="kiln")
        assert len(runtime.machine("kiln").open_events) == 1
    write_profile(tmp_path, "")
    async with open_runtime() as runtime:
        assert runtime.machine("kiln").open_events == {}
    async with open_runtime() as runtime:
        (event,) = await runtime.store.events("kiln")
        assert event.end_ns == T0 + 4 * 10**9
