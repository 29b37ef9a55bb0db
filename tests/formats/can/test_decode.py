"""Frames become rows: each signal at its own time, under a name of its own, wherever it is cut."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.errors import SettingsError, TooLargeError
from telltale.formats.can.decode import CanDecoder
from telltale.formats.can.options import CanOptions
from telltale.formats.can.tables import CanTables, together
from telltale.profiles.infer import infer_profile
from tests.formats.can import parts
from tests.formats.can.parts import START_S, Frame, as_arrays, at, car_frames, decode_all


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> CanTables:
    return parts.tables_of(tmp_path_factory.mktemp("car"), parts.CAR)


@pytest.fixture(scope="module")
def truck(tmp_path_factory: pytest.TempPathFactory) -> CanTables:
    return parts.tables_of(tmp_path_factory.mktemp("truck"), parts.TRUCK)


def batches(tables: CanTables, cuts: list[int]) -> list[Batch]:
    decoder = CanDecoder(CanOptions(tables), "car")
    frames = as_arrays(car_frames())
    edges = [0, *sorted(cuts), len(frames)]
    return [
        batch
        for begin, end in pairwise(edges)
        for piece in decoder.decode(frames.take(np.arange(begin, end)))
        for batch in piece.batches
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=5))
def test_where_the_frames_are_cut_changes_nothing(car: CanTables, cuts: list[int]) -> None:
    def held(parts_: list[Batch]) -> dict[str, list[tuple[int, float]]]:
        found: dict[str, list[tuple[int, float]]] = {}
        for batch in parts_:
            for name, values in batch.columns.items():
                there = ~np.isnan(values)
                rows = zip(batch.time_ns[there].tolist(), values[there].tolist(), strict=True)
                found.setdefault(name, []).extend(rows)
        return found

    assert held(batches(car, cuts)) == {k: v for k, v in held(batches(car, [])).items() if v}


def test_each_signal_stands_at_the_time_of_its_own_message(car: CanTables) -> None:
    frames = [
        Frame(START_S, "100", "1027000000020000"),
        Frame(START_S + 0.010, "200", "1027000000000000"),
        Frame(START_S + 0.010, "100", "2027000000030000"),
    ]
    decoder = CanDecoder(CanOptions(car), "car")
    [piece] = decoder.decode(as_arrays(frames))
    [batch] = piece.batches
    assert batch.time_ns.tolist() == [at(0.0), at(0.010)]
    assert batch.columns["Engine.Speed"].tolist() == [2500.0, 2504.0]
    np.testing.assert_array_equal(batch.columns["Wheels.Speed"], [np.nan, 41.35])
    assert piece.units["Engine.Speed"] == "rpm"
    assert piece.names["Gear"] == {"Park": 0.0, "Reverse": 1.0, "Neutral": 2.0, "Drive": 3.0}
    assert piece.codes == {}


def test_frames_of_one_message_at_one_time_are_all_kept(car: CanTables) -> None:
    frames = [Frame(START_S, "100", f"{i:02d}00000000000000") for i in range(5)]
    found = decode_all(car, frames)["car"]["Engine.Speed"]
    assert [time_ns for time_ns, _ in found] == [at(0.0) + i for i in range(5)]
    again = CanDecoder(CanOptions(car), "car")
    single = [parts.collected(again.decode(as_arrays([frame]))) for frame in frames]
    assert [one["car"]["Engine.Speed"][0] for one in single] == found


def test_names_are_made_channels_with_their_units_and_words(car: CanTables) -> None:
    decoder = CanDecoder(CanOptions(car), "car")
    [piece] = decoder.decode(as_arrays(car_frames()))
    profile = infer_profile(piece, id="car", title="car")
    units = {name: channel.unit for name, channel in profile.channels.items()}
    assert units == {
        "engine_speed_rpm": "rpm",
        "torque_nm": "Nm",
        "gear": "1",
        "engine_counter": "1",
        "wheels_speed_km_h": "km/h",
        "slip_pct": "%",
        "wheels_counter": "1",
        "page": "1",
        "cell1_v": "V",
        "cell2_v": "V",
        "temperature_c": "degC",
    }
    gears = {"Park": 0.0, "Reverse": 1.0, "Neutral": 2.0, "Drive": 3.0}
    assert profile.channels["gear"].codes == gears


def test_frames_that_nothing_is_known_of_are_counted_by_identifier(car: CanTables) -> None:
    decoder = CanDecoder(CanOptions(car), "car")
    list(decoder.decode(as_arrays(car_frames())))
    assert (decoder.counts.frames, decoder.counts.decoded) == (300, 225)
    assert decoder.counts.unknown == {0x7FF: 75}
    assert decoder.notes() == (
        "75 of 300 frames have an identifier that car.dbc does not: 0x7FF (75).",
    )


def test_rows_without_any_value_are_left_out(truck: CanTables) -> None:
    frames = [Frame(START_S + i, "0CF00400", "FF" * 8) for i in range(3)]
    frames.append(Frame(START_S + 3, "0CF00400", "F1FFFF6817FFFFFF"))
    assert decode_all(truck, frames)["car"] == {
        "EngineSpeed": [(at(3), 749.0)],
        "TorqueMode": [(at(3), 1.0)],
    }


def speeds(*identifiers: str) -> list[Frame]:
    return [
        Frame(START_S + i, identifier, f"F1FFFF00{0x10 + i:02X}FFFFFF")
        for i, identifier in enumerate(identifiers)
    ]


def test_j1939_messages_are_known_by_their_group_whatever_priority_and_sender(
    truck: CanTables,
) -> None:
    found = decode_all(truck, speeds("0CF00400", "18F00400"))["car"]
    assert [value for _, value in found["EngineSpeed"]] == [512.0, 544.0]
    addressed = decode_all(truck, [Frame(START_S, "18EF1722", "2AFFFFFFFFFFFFFF")])["car"]
    assert addressed == {"Wanted": [(at(0), 42.0)]}


def test_a_second_sender_gets_channels_of_its_own_with_the_same_unit(truck: CanTables) -> None:
    decoder = CanDecoder(CanOptions(truck), "car")
    pieces = list(decoder.decode(as_arrays(speeds("0CF00400", "0CF00417", "0CF00400"))))
    found = parts.collected(pieces)["car"]
    assert [value for _, value in found["EngineSpeed"]] == [512.0, 576.0]
    assert [value for _, value in found["EngineSpeed_sa17"]] == [544.0]
    assert pieces[-1].units["EngineSpeed_sa17"] == "rpm"


def test_each_sender_can_be_a_machine(truck: CanTables) -> None:
    found = decode_all(truck, speeds("0CF00400", "0CF00417"), senders="machines")
    assert {machine: list(columns) for machine, columns in found.items()} == {
        "car-sa00": ["EngineSpeed", "TorqueMode"],
        "car-sa17": ["EngineSpeed", "TorqueMode"],
    }
    with pytest.raises(SettingsError, match="senders is 'nobody'"):
        CanOptions(truck, senders="nobody")


def test_of_a_message_in_two_databases_the_first_counts(tmp_path: Path, car: CanTables) -> None:
    other = parts.CAR.replace("Speed : 0|16@1+ (0.25,0)", "Speed : 0|16@1+ (1,0)")
    more = parts.tables_of(tmp_path, other.replace("_ 512", "_ 513"), "more.dbc")
    both = together([car, more])
    assert both.name == "car.dbc, more.dbc"
    assert [message.id for message in both.messages] == [256, 512, 0x300, 513]
    found = decode_all(both, [Frame(START_S, "100", "1000000000000000")])["car"]
    assert found["Engine.Speed"] == [(at(0), 4.0)]
    columns = [signal.column for message in both.messages for signal in message.signals]
    assert len(columns) == len({column.casefold() for column in columns})


def test_batches_are_bounded_however_many_columns_there_are(
    car: CanTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telltale.formats.can.decode.MAX_CELLS", 110)
    decoder = CanDecoder(CanOptions(car), "car")
    pieces = list(decoder.decode(as_arrays(car_frames())))
    assert {len(piece.batches[0]) for piece in pieces[:-1]} == {10}
    monkeypatch.undo()
    whole = CanDecoder(CanOptions(car), "car").decode(as_arrays(car_frames()))
    assert parts.collected(pieces) == parts.collected(whole)


def test_channels_without_end_are_refused(
    truck: CanTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telltale.formats.can.decode.MAX_COLUMNS", 20)
    frames = speeds(*(f"0CF004{sender:02X}" for sender in range(20)))
    with pytest.raises(TooLargeError, match="make each sender a machine"):
        decode_all(truck, frames)
