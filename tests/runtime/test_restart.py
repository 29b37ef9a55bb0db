"""After a restart every machine is where it was, even when what describes it has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.formats.base import Decoded
from telltale.runtime.machine_view import headline
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
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
        assert "kiln.toml" in headline(kiln_now, clock())
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


@pytest.mark.parametrize("oddity", ["none", "late", "same time", "replaced"])
async def test_after_a_restart_a_machine_works_on_from_the_very_bits_where_it_was(
    open_runtime: OpenRuntime, clock: HandClock, oddity: str
) -> None:
    rng = np.random.default_rng(5)
    starts_ns = [T0 + number * 10**9 for number in range(30)]
    if oddity == "late":
        starts_ns[25] -= 3 * 10**9
    if oddity == "same time":
        starts_ns[25] = starts_ns[24] + 9 * 10**8
    if oddity == "replaced":
        starts_ns[25] = starts_ns[24]
    async with open_runtime() as runtime:
        kept = []
        for start_ns in starts_ns:
            time_ns = start_ns + np.arange(10) * 10**8
            columns = {
                "vibration_mm_s": rng.normal(2, 0.1, 10),
                "bearing_temp_c": rng.normal(40, 1, 10),
            }
            decoded = Decoded((Batch("pump-1", time_ns, columns),))
            await runtime.ingest(decoded, profile="industrial_pump")
            clock.jump(1.0)
            kept.append(await runtime.store.last_state("pump-1"))
        live = runtime.machine("pump-1")
        before = live.pipeline.encode(live.state)
    assert len(set(kept)) < len(kept) / 2, "the state is kept with every commit"
    assert kept[-1] != before or oddity != "none"
    async with open_runtime() as runtime:
        live = runtime.machine("pump-1")
        assert live.pipeline.encode(live.state) == before
