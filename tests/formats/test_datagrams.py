"""Datagrams: JSON and PIT's CSV line, alone and by the thousand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from telltale.formats.datagrams import decode_datagrams

LINE = b"2025-05-17T17:40:16.250Z,barber,GR86-004-78,3,120.5,180.2,0.1,-0.2,-3.5,0,6500"
PIT = {
    "meta_time": "2025-05-17T17:40:16.250Z",
    "track": "barber",
    "chassis": "GR86-004-78",
    "lap": 3,
    "lapdist_m": 120.5,
    "speed_kmh": 180.2,
    "accx_can": 0.1,
    "accy_can": -0.2,
    "Steering_Angle": -3.5,
    "pbrake_f": 0,
    "rpm": 6500,
}


@pytest.mark.parametrize("datagram", [LINE, json.dumps(PIT).encode()])
def test_both_forms_of_pit_give_the_same_sample(datagram: bytes) -> None:
    (batch,) = decode_datagrams([datagram], arrival_ns=1).batches
    assert batch.machine == "GR86-004-78"
    assert batch.time_ns.tolist() == [1_747_503_616_250_000_000]
    assert {name: values[0] for name, values in batch.columns.items()} == {
        name: value for name, value in PIT.items() if name not in ("meta_time", "track", "chassis")
    }


def test_many_machines_interleaved_come_out_apart_and_in_order() -> None:
    datagrams = [
        json.dumps({"machine": f"car-{i % 5}", "time": 1763712000000 + i, "a": i}).encode()
        for i in range(200)
    ]
    result = decode_datagrams(datagrams, arrival_ns=1)
    assert [batch.machine for batch in result.batches] == [f"car-{k}" for k in range(5)]
    for k, batch in enumerate(result.batches):
        assert batch.columns["a"].tolist() == list(range(k, 200, 5))


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (b'{"machine": "x", "a"', "ends at byte"),
        (LINE[:60], "fields"),
        (b"1,2,3", "3 fields"),
        (LINE + b",1", "12 fields"),
        (b'{"track": "barber", "a": 1}', 'or "track" and "chassis"'),
        (b'{"a": 1}', 'whose it is. Add "machine"'),
        (b'[{"machine": "x", "a": 1}]', "one JSON object per datagram"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"", "1 fields"),
        (b'{"machine": "x", "a": ' + b"[" * 60_000, "nests too deeply"),
    ],
)
def test_a_broken_datagram_costs_only_itself(broken: bytes, what: str) -> None:
    good = [json.dumps({"machine": "x", "a": i}).encode() for i in range(20)]
    result = decode_datagrams([*good[:7], broken, *good[7:]], arrival_ns=10**18)
    if broken == LINE[:60]:  # cut, but six fields are there: what came is kept
        assert result.rows >= 20
        return
    assert (result.rows, result.rejected_rows) == (20, 1)
    assert result.reasons[0].row == 7
    assert what in result.reasons[0].message


def test_a_datagram_cannot_reach_into_its_neighbour() -> None:
    victim = b'{"machine": "v", "a": 1}'
    result = decode_datagrams(
        [b'{"machine": "x", "a": [{}', victim, b'{}]}, {"machine": "y", "a": 2}, {}'],
        arrival_ns=1,
    )
    assert [(batch.machine, batch.columns["a"].tolist()) for batch in result.batches] == [
        ("v", [1.0])
    ]
    assert result.rejected_rows == 2


def test_the_fast_path_gives_what_one_by_one_gives() -> None:
    datagrams = [
        json.dumps({"machine": f"m{i % 3}", "time": 1763712000 + i, "a": i / 7}).encode()
        for i in range(60)
    ]
    together = decode_datagrams(datagrams, arrival_ns=1)
    apart = decode_datagrams([*datagrams, b"broken"], arrival_ns=1)
    assert apart.rejected_rows == 1
    for one, other in zip(together.batches, apart.batches, strict=True):
        assert one.machine == other.machine
        np.testing.assert_array_equal(one.time_ns, other.time_ns)
        np.testing.assert_array_equal(one.columns["a"], other.columns["a"])


def test_a_port_of_one_machine_needs_no_names() -> None:
    (batch,) = decode_datagrams([b'{"a": 1}', b'{"a": 2}'], arrival_ns=5, machine="p").batches
    assert (batch.machine, batch.time_ns.tolist()) == ("p", [5, 6])


def test_nothing_gives_nothing() -> None:
    assert decode_datagrams([], arrival_ns=1).batches == ()
