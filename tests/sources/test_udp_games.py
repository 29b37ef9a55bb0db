"""A game that plays over a real socket: its frames reach the store as samples of one car."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from telltale.formats.f1.layouts import FORMATS
from telltale.sources.udp import UdpSource
from tests.api.conftest import serving
from tests.doubles import Collector
from tests.formats.f1.game import Game
from tests.sources.test_udp import Sender, reading


@pytest.mark.parametrize("year", FORMATS)
async def test_a_frame_that_comes_in_many_datagrams_is_passed_on_as_one_sample(year: int) -> None:
    source = UdpSource(port=0)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            for number in range(3):
                sender.send(*Game(year).frame(1.0 + number / 60))
                await taken.until_rows(number + 1)
                await asyncio.sleep(0.02)
    batches = [batch for decoded in taken.taken for batch in decoded.batches]
    assert sum(map(len, batches)) == 3
    for batch in batches:
        assert {
            "speed_km_h",
            "tyre_fl_wear_pct",
            "lap",
            "accy_g",
            "track_temp_c",
        } <= batch.columns.keys()


async def test_game_packets_json_and_csv_share_the_port() -> None:
    source = UdpSource(port=0, machine=None, f1_all_cars=True)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            sender.send(
                *Game(2024).frame(1.0, active=3), reading(1), b"2026-06-01T08:00:00Z,c,gr,1,1,99"
            )
            sender.send(b"\xe6\x07" + bytes(100))
            await taken.until_rows(5)
            await asyncio.sleep(0.05)
    machines = {batch.machine for decoded in taken.taken for batch in decoded.batches}
    assert machines == {"f1-player", "f1-car-1", "f1-car-2", "pump-3", "gr"}
    assert source.status.rejected == 1


async def test_a_race_is_kept_with_its_tyre_wear_and_nothing_of_it_is_refused(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as served:
        source = UdpSource(port=0)
        served.runtime.feeds.add(source)
        while source.status.state.value != "live":
            await asyncio.sleep(0.01)
        with Sender(source) as sender:
            for number in range(30):
                sender.send(*Game(2025).frame(100.0 + number / 60))
                await asyncio.sleep(1 / 60)
        channels = "tyre_fl_wear_pct,speed_km_h,engine_speed_rpm"
        for _ in range(100):
            answer = await served.get(
                "/machines/f1-player/telemetry", params={"channels": channels}
            )
            if answer.status_code == 200 and len(answer.json()["time_ns"]) == 30:
                break
            await asyncio.sleep(0.05)
        kept = answer.json()
        assert kept["columns"]["tyre_fl_wear_pct"] == [21.25] * 30
        assert kept["columns"]["speed_km_h"] == [280.0] * 30
        assert kept["columns"]["engine_speed_rpm"] == [11_250.0] * 30
        machine = (await served.get("/machines/f1-player")).json()
        assert machine["rejected"] == 0, machine
