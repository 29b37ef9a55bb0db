"""Long messages come out whole: J1939 transport and NMEA 2000 fast packets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.formats.can.frames import EXTENDED, pgn_of
from telltale.formats.can.transport import Reassembler
from tests.formats.can import parts
from tests.formats.can.parts import START_S, Frame, as_arrays

VIN_PGN = 0xFEEC


def broadcast(payload: bytes, *, pgn: int = VIN_PGN, start_s: float = START_S) -> list[Frame]:
    """Return a BAM and its packets, 50 ms apart, as SAE J1939-21 asks."""
    n = -(-len(payload) // 7)
    head = bytes([32, *len(payload).to_bytes(2, "little"), n, 0xFF, *pgn.to_bytes(3, "little")])
    frames = [Frame(start_s, "1CECFF00", head.hex())]
    return frames + packets(payload, "1CEBFF00", start_s)


def packets(payload: bytes, identifier: str, start_s: float) -> list[Frame]:
    n = -(-len(payload) // 7)
    padded = payload.ljust(7 * n, b"\xff")
    return [
        Frame(
            start_s + 0.05 * (i + 1), identifier, bytes([i + 1, *padded[7 * i : 7 * i + 7]]).hex()
        )
        for i in range(n)
    ]


def fast_packets(payload: bytes, *, sequence: int = 0, start_s: float = START_S) -> list[Frame]:
    """Return the frames of one message of NMEA 2000, PGN 129029."""
    cut = [payload[:6], *(payload[i : i + 7] for i in range(6, len(payload), 7))]
    frames = []
    for i, part in enumerate(cut):
        head = [sequence << 5 | i, len(payload)] if i == 0 else [sequence << 5 | i]
        data = bytes([*head, *part]).ljust(8, b"\xff")
        frames.append(Frame(start_s + 0.001 * i, "0DF80523", data.hex()))
    return frames


def whole(frames: list[Frame], *fast: int) -> tuple[list[tuple[int, bytes]], Reassembler]:
    reassembler = Reassembler(fast)
    found = reassembler.feed(as_arrays(frames))
    rows = zip(found.keys.tolist(), found.lengths.tolist(), found.data, strict=True)
    return [(pgn_of(key), data[:length].tobytes()) for key, length, data in rows], reassembler


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=9, max_size=1785), st.integers(0, 300))
def test_any_broadcast_comes_out_as_it_went_in_wherever_it_is_cut(payload: bytes, cut: int) -> None:
    frames = broadcast(payload)
    found, reassembler = whole(frames)
    assert found == [(VIN_PGN, payload)]
    assert reassembler.incomplete == 0
    again = Reassembler()
    pieces = [again.feed(as_arrays(part)) for part in (frames[:cut], frames[cut:]) if part]
    assert sum(map(len, pieces)) == 1


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=223), st.integers(0, 7))
def test_any_fast_packet_comes_out_as_it_went_in(payload: bytes, sequence: int) -> None:
    found, reassembler = whole(fast_packets(payload, sequence=sequence), 129029)
    assert found == [(129029, payload)]
    assert reassembler.incomplete == 0


def test_a_transfer_to_one_node_is_put_together_though_packets_are_sent_again() -> None:
    payload = bytes(range(20))
    pgn = VIN_PGN.to_bytes(3, "little")
    ask = Frame(START_S, "18EC0317", bytes([16, 20, 0, 3, 3, *pgn]).hex())
    clear = Frame(START_S + 0.01, "18EC1703", bytes([17, 3, 1, 255, 255, *pgn]).hex())
    sent = packets(payload, "18EB0317", START_S)
    again = Frame(sent[-1].time_s + 0.01, "18EB0317", sent[1].data)
    received = Frame(again.time_s + 0.01, "18EC1703", bytes([19, 20, 0, 3, 255, *pgn]).hex())
    found, reassembler = whole([ask, clear, sent[0], sent[2], again, received])
    assert found == [(VIN_PGN, payload)]
    assert reassembler.incomplete == 0


def test_two_senders_at_a_time_do_not_mix() -> None:
    first, second = bytes(range(30)), bytes(range(100, 130))
    other = [Frame(f.time_s + 0.001, f.id[:-2] + "03", f.data) for f in broadcast(second)]
    mixed = sorted([*broadcast(first), *other], key=lambda frame: frame.time_s)
    found, _ = whole(mixed)
    assert found == [(VIN_PGN, first), (VIN_PGN, second)]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_transfer_of_which_a_part_is_lost_is_counted_and_not_made_up(lost: int) -> None:
    frames = broadcast(bytes(range(20)))
    del frames[lost]
    later = broadcast(bytes(range(9)), start_s=START_S + 1.0)
    found, reassembler = whole([*frames, *later])
    assert found == [(VIN_PGN, bytes(range(9)))]
    assert reassembler.incomplete == 1


def test_a_sender_that_stops_or_gives_up_is_not_waited_for() -> None:
    frames = broadcast(bytes(range(20)))
    late = [Frame(f.time_s + 5.0, f.id, f.data) for f in frames[2:]]
    found, reassembler = whole([*frames[:2], *late])
    assert (found, reassembler.incomplete) == ([], 1)
    abort = Frame(frames[1].time_s, "1CECFF00", "FF01FFFFFFECFE00")
    found, reassembler = whole([*frames[:2], abort, *frames[2:]])
    assert (found, reassembler.incomplete) == ([], 1)


def test_a_lost_part_of_a_fast_packet_costs_that_message_only() -> None:
    frames = fast_packets(bytes(range(43)))
    broken = [frame for i, frame in enumerate(frames) if i != 3]
    good = fast_packets(bytes(range(43)), sequence=1, start_s=START_S + 1)
    again = fast_packets(bytes(range(43)), sequence=0, start_s=START_S + 2)
    found, reassembler = whole([*broken, *good, *again], 129029)
    assert [payload for _, payload in found] == [bytes(range(43))] * 2
    assert reassembler.incomplete == 1


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1CECFF00", "1CEBFF00", "18EC0300", "18EB0300", "0DF80523"]),
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([bytes([32, 20, 0, 3, 255, 0xEC, 0xFE, 0]), bytes([1] * 8)]),
            ),
        ),
        max_size=40,
    )
)
def test_any_frames_are_survived_and_no_message_is_too_long(
    given_: list[tuple[str, bytes]],
) -> None:
    frames = [Frame(START_S + i * 0.01, name, data.hex()) for i, (name, data) in enumerate(given_)]
    found, _ = whole(frames, 129029) if frames else ([], None)
    assert all(len(payload) <= 1785 for _, payload in found)


def test_signals_of_long_messages_are_decoded_by_the_database(tmp_path: Path) -> None:
    tables = parts.tables_of(tmp_path, parts.TRUCK)
    payload = b"W" + bytes(15) + (123_456).to_bytes(4, "little")
    found = parts.decode_all(tables, broadcast(payload))["car"]
    time_ns = parts.at(0.15)
    assert found == {"FirstLetter": [(time_ns, 87.0)], "LastWord": [(time_ns, 123_456.0)]}


def test_signals_of_fast_packets_are_decoded_by_the_database(tmp_path: Path) -> None:
    tables = parts.tables_of(tmp_path, parts.BOAT)
    latitude = int(54.321 / 1e-16).to_bytes(8, "little", signed=True)
    payload = bytes([17]) + bytes(6) + latitude + bytes(18) + bytes([11]) + bytes(9)
    assert len(payload) == 43
    found = parts.decode_all(tables, fast_packets(payload))["car"]
    assert {name: values[0][1] for name, values in found.items()} == pytest.approx(
        {"Sequence": 17.0, "Latitude": 54.321, "Longitude": 0.0, "Satellites": 11.0}
    )


def test_a_message_that_names_whom_it_is_for_keeps_that_in_its_identifier() -> None:
    group = 0xEA00.to_bytes(3, "little")
    ask = Frame(START_S, "18EC0317", bytes([16, 9, 0, 2, 2, *group]).hex())
    reassembler = Reassembler()
    found = reassembler.feed(as_arrays([ask, *packets(bytes(9), "18EB0317", START_S)]))
    assert found.keys.tolist() == [EXTENDED | 0xEA0317]
