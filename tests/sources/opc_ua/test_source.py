"""OPC UA as a feed, against a real server in a process of its own: values, losses, security."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from telltale.batch import NS_PER_S, Batch
from telltale.errors import SettingsError, SourceUnavailableError
from telltale.sources import make_source
from telltale.sources.opc_ua.login import Login
from telltale.sources.opc_ua.look import look, make_certificate
from telltale.sources.opc_ua.source import OpcUaSource
from tests.docs_pages import free_port
from tests.doubles import Collector
from tests.opc_ua_server import URI, lasting, server, way_to
from tests.waiting import until

FLOW = {"flow": "ns=2;s=Pump3.flow"}


def plant(url: str, **settings: Any) -> OpcUaSource:
    given = {"nodes": FLOW, "interval_s": 0.1, **settings}
    source = make_source("opc_ua", machine="pump", url=url, **given)
    assert isinstance(source, OpcUaSource)
    return source


def samples(taken: Collector, name: str) -> list[tuple[int, float]]:
    """Return time_ns and value of each sample of a column that is there."""
    batches: list[Batch] = [batch for decoded in taken.taken for batch in decoded.batches]
    return [
        (int(t), float(v))
        for b in batches
        if name in b.columns
        for t, v in zip(b.time_ns, b.columns[name], strict=True)
        if not np.isnan(v)
    ]


def values(taken: Collector, name: str) -> list[float]:
    return [value for _, value in samples(taken, name)]


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_changes_come_with_their_values_and_source_times(mode: str) -> None:
    running = lasting()
    value = 20.25 if mode == "poll" else 30.25
    async with Collector(plant(running.url, mode=mode)) as taken:
        moment_s = round(time.time(), 6)
        running.write("flow", value, time_s=moment_s)
        await until(lambda: value in values(taken, "flow"))
        first_ns = next(t for t, v in samples(taken, "flow") if v == value)
        assert abs(first_ns - moment_s * NS_PER_S) < 2_000
        assert np.all(np.diff(taken.times_ns()) >= 0)


async def test_a_subscription_tells_every_change_between_two_messages() -> None:
    with server() as running:
        async with Collector(plant(running.url, interval_s=0.05)) as taken:
            for i in range(20):
                running.write("flow", 100.0 + i)
                await asyncio.sleep(0.06)
            await until(lambda: 119.0 in values(taken, "flow"))
            assert [v for v in values(taken, "flow") if v >= 100] == [100.0 + i for i in range(20)]


async def test_status_codes_are_quality() -> None:
    running = lasting()
    source = plant(running.url)
    async with Collector(source) as taken:
        running.write("flow", 1.5, status="UncertainLastUsableValue")
        await until(lambda: 1.5 in values(taken, "flow"))
        running.write("flow", 2.5, status="BadSensorFailure")
        await until(lambda: source.status.details["quality"]["bad"])
        running.write("flow", 3.5)
        await until(lambda: 3.5 in values(taken, "flow"))
        await until(lambda: source.status.details["quality"]["good"] >= 2)
    assert 2.5 not in values(taken, "flow")
    quality = source.status.details["quality"]
    assert quality["statuses"]["BadSensorFailure"] >= 1
    assert quality["statuses"]["UncertainLastUsableValue"] >= 1
    reasons = [reason.message for d in taken.taken for reason in d.reasons]
    assert any("flow: BadSensorFailure" in reason for reason in reasons)


async def test_browse_paths_find_units_names_and_every_kind_of_value() -> None:
    with server() as running:
        source = plant(running.url, nodes=None, paths=["Plant/**"], words=["*.product"])
        async with Collector(source) as taken:
            await until(lambda: values(taken, "Pump3.flow"))
        first = taken.taken[0]
    columns = {name for batch in first.batches for name in batch.columns}
    scalars = {"flow", "running", "starts", "product", "ticks", "mode"}
    arrays = {f"phases_{i}" for i in range(3)}
    assert columns == {f"Pump3.{name}" for name in scalars | arrays} | {"Pump4.flow"}
    assert first.units == {"Pump3.flow": "l/min"}
    assert first.names == {"Pump3.mode": {"off": 0.0, "manual": 1.0, "automatic": 2.0}}
    assert first.codes["Pump3.product"] == {"milk": 0.0}
    assert {one.column for one in first.left_out} == {"Pump3.big", "Pump3.since"}


async def test_a_namespace_can_be_told_by_its_uri() -> None:
    running = lasting()
    nodes = {"flow": f"nsu={URI};s=Pump3.flow"}
    async with Collector(plant(running.url, nodes=nodes)) as taken:
        await taken.until_rows(1)
    missing = plant(running.url, nodes={"flow": f"nsu={URI}s;s=Pump3.flow"})
    with pytest.raises(SourceUnavailableError, match=r"no namespace .* Did you mean"):
        await missing.open()


async def test_what_does_not_change_does_not_go_stale() -> None:
    running = lasting()
    running.write("flow", 12.5)
    source = plant(running.url, refresh_s=0.3)
    async with Collector(source) as taken:
        await until(lambda: len(values(taken, "flow")) >= 4)
        assert set(values(taken, "flow")) == {12.5}
        newest_ns = samples(taken, "flow")[-1][0]
        assert time.time_ns() - newest_ns < 2 * NS_PER_S


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_a_server_that_was_killed_is_read_again(mode: str) -> None:
    port = free_port(socket.SOCK_STREAM)
    with server(port) as running:
        source = plant(running.url, mode=mode)
        taken = Collector(source)
        await taken.__aenter__()
        await taken.until_rows(1)
        running.kill()
        since_s = time.monotonic()
        with pytest.raises(SourceUnavailableError, match=r"opc\.tcp"):
            await taken.until_end(within_s=15.0)
        assert time.monotonic() - since_s < 12.0
        await taken.__aexit__(None, None, None)
    with pytest.raises(SourceUnavailableError, match="nothing answers there"):
        await source.open()
    with server(port) as running:
        async with Collector(source) as again:
            running.write("flow", 77.0)
            await until(lambda: 77.0 in values(again, "flow"))
            before_ns = taken.times_ns()[-1]
            assert int(again.times_ns()[0]) >= int(before_ns)


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_a_way_that_swallows_everything_is_found_in_bounded_time(mode: str) -> None:
    running = lasting()
    async with way_to(running.port) as way:
        url = f"opc.tcp://127.0.0.1:{way.port}/plant"
        source = plant(url, mode=mode, timeout_s=1.0, silent_s=2.0)
        taken = Collector(source)
        await taken.__aenter__()
        await taken.until_rows(1)
        way.swallows = True
        since_s = time.monotonic()
        with pytest.raises(SourceUnavailableError):
            await taken.until_end(within_s=10.0)
        assert time.monotonic() - since_s < 6.0
        await taken.__aexit__(None, None, None)
        with pytest.raises(SourceUnavailableError, match="no answer"):
            await source.open()
        way.swallows = False
        async with Collector(source) as again:
            await again.until_rows(1)


async def test_more_than_can_be_held_drops_the_oldest_and_counts_them() -> None:
    running = lasting()
    nodes = {"ticks": "ns=2;s=Pump3.ticks"}
    source = plant(running.url, nodes=nodes, max_waiting=10, interval_s=0.02)
    await source.open()
    await asyncio.sleep(2.0)  # nobody takes anything
    assert source.status.dropped > 20
    batches = source.batches()
    taken = await anext(batches)
    assert taken.rows == 10
    await source.close()


async def test_closing_is_quick_even_when_nothing_answers() -> None:
    running = lasting()
    async with way_to(running.port) as way:
        source = plant(f"opc.tcp://127.0.0.1:{way.port}/plant")
        async with Collector(source) as taken:
            await taken.until_rows(1)
            way.swallows = True
            since_s = time.monotonic()
            await source.close()
            assert time.monotonic() - since_s < 2.0
            await taken.until_end(within_s=1.0)


async def test_nodes_that_are_not_there_are_told_and_the_others_read() -> None:
    running = lasting()
    source = plant(running.url, nodes={**FLOW, "gone": "ns=2;s=Pump9.flow"})
    async with Collector(source) as taken:
        await taken.until_rows(1)
        assert source.status.details["refused"] == {"gone": "BadNodeIdUnknown"}
    only = plant(running.url, nodes={"gone": "ns=2;s=Pump9.flow"})
    with pytest.raises(SourceUnavailableError, match="knows none of the 1 nodes"):
        await only.open()
    nowhere = plant(running.url, nodes=None, paths=["Plnt/*"])
    with pytest.raises(SourceUnavailableError, match=r"no variable lies at Plnt/\*"):
        await nowhere.open()


async def test_what_speaks_something_else_is_told_within_the_time_limit() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 welcome to something else\r\n" * 5)
        await reader.read(100)
        writer.close()

    listener = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    source = plant(f"opc.tcp://127.0.0.1:{port}", timeout_s=0.5)
    with pytest.raises(SourceUnavailableError, match=f"127.0.0.1:{port}: .+"):
        await source.open()
    listener.close()


async def test_a_user_gets_in_with_the_right_password_alone() -> None:
    with server(0, "--users", '{"reader": "open sesame"}') as running:
        good = plant(running.url, user="reader", password="open sesame")  # noqa: S106
        async with Collector(good) as taken:
            await taken.until_rows(1)
        assert "sesame" not in str(good.status)
        wrong = plant(running.url, user="reader", password="guess")  # noqa: S106
        with pytest.raises(SourceUnavailableError, match=r"Are user and password right|want"):
            await wrong.open()


async def test_a_secured_server_is_read_with_a_certificate(tmp_path: Path) -> None:
    await setup_self_signed_certificate(
        tmp_path / "server.pem",
        tmp_path / "server.der",
        "urn:telltale:test:server",
        "localhost",
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
        {"commonName": "telltale test"},
    )
    certificate, key = await make_certificate(tmp_path / "own")
    assert key.stat().st_mode & 0o077 == 0
    files = {"certificate": str(certificate), "key": str(key)}
    with server(0, "--certificate", str(tmp_path)) as running:
        source = plant(running.url, security="Basic256Sha256", **files)
        async with Collector(source) as taken:
            running.write("flow", 55.0)
            await until(lambda: 55.0 in values(taken, "flow"))
            assert source.status.details["security"] == "Basic256Sha256"
        with pytest.raises(SourceUnavailableError):
            await plant(running.url).open()
        absent = plant(running.url, security="Basic256Sha256", certificate="no.der", key="no.pem")
        with pytest.raises(SourceUnavailableError, match=r"there is no file no\.der"):
            await absent.open()


async def test_browsing_shows_paths_ids_and_what_nodes_hold() -> None:
    running = lasting()
    running.write("flow", 12.5)
    found = {one.path: one for one in await look(Login(running.url))}
    flow = found["Plant/Pump3/flow"]
    assert (flow.node_id, flow.value, flow.kind, flow.status) == (
        "ns=2;s=Pump3.flow",
        "12.5",
        "Double",
        "Good",
    )
    assert not found["Plant/Pump3"].is_variable
    assert not any(path.startswith("Server") for path in found)
    assert not any("EngineeringUnits" in path for path in found)
    below = await look(Login(running.url), node=found["Plant"].node_id, max_depth=1)
    assert [one.path for one in below] == ["Pump3", "Pump4"]
    assert len(await look(Login(running.url), max_nodes=5)) == 5
    with pytest.raises(SettingsError, match="is no node id"):
        await look(Login(running.url), node="Plant")
    with pytest.raises(SourceUnavailableError, match="There is no such node"):
        await look(Login(running.url), node="ns=2;s=nowhere")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "http://plc"}, "url is 'http://plc'. Give opc.tcp://HOST:PORT"),
        ({"url": "opc.tcp://plc:port"}, "Give opc.tcp://HOST:PORT"),
        ({"url": "opc.tcp://me:secret@plc"}, "Give them as user and password"),
        ({"nodes": None}, "nothing to read"),
        ({"mode": "pol"}, "Did you mean 'poll'"),
        ({"times": "sorce"}, "Did you mean 'source'"),
        ({"words": "all"}, "Give a list of texts"),
        ({"security": "Basic256"}, "Did you mean 'Basic256Sha256'"),
        ({"security": "Basic256Sha256"}, "telltale opcua certificate FOLDER"),
        ({"certificate": "a.der"}, "but security is none"),
        ({"password": "x"}, "a password without a user"),
        ({"interval_s": 0}, "interval_s is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as told:
        plant(**{"url": "opc.tcp://plc:4840", **settings})
    assert said in str(told.value)
    assert "secret" not in str(told.value) or "url" not in said
