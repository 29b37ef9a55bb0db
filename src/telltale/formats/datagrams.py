"""Many datagrams at once: JSON readings, PIT's 11-field CSV line, and F1 packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from telltale.errors import DecodeError
from telltale.formats.assemble import to_decoded
from telltale.formats.base import MAX_REASONS, Decoded
from telltale.formats.f1.decode import GameDecoder
from telltale.formats.f1.layouts import has_game_packets, is_game_packet
from telltale.formats.fast_rows import read_rows
from telltale.formats.json_text import read_json
from telltale.formats.raw_columns import FieldNames, RawColumns
from telltale.formats.refusals import Refusals
from telltale.formats.rows import rows_to_raw

CSV_FIELDS = (
    "meta_time",
    "track",
    "chassis",
    "lap",
    "lapdist_m",
    "speed_kmh",
    "accx_can",
    "accy_can",
    "Steering_Angle",
    "pbrake_f",
    "rpm",
)
LEAST_CSV_FIELDS = 6  # as PIT: a shorter line is cut off
_NAMED = FieldNames(text=("track", "chassis"))
_PIT = FieldNames(machine=("machine", "machine_id", "chassis"), text=("track",))
_EXPECTED = "a JSON object or a CSV line of " + ",".join(CSV_FIELDS)
_reading = msgspec.json.Decoder(dict[str, int | float | str | bool | None])


def decode_datagrams(
    datagrams: Sequence[bytes],
    *,
    arrival_ns: int,
    machine: str | None = None,
    games: GameDecoder | None = None,
) -> Decoded:
    """Decode datagrams, each one reading or one packet; a broken one costs only itself.

    Args:
        datagrams: Payloads in order of arrival. JSON objects name their machine, or as PIT
            `track` and `chassis`; CSV lines hold `CSV_FIELDS` in that order; packets of the F1
            games are told by their first two bytes.
        arrival_ns: Time of readings that bring none; the i-th gets arrival_ns + i.
        machine: Whose they all are, if the port belongs to one machine.
        games: What earlier packets of a game told; without it each call stands alone.

    Returns:
        One batch per machine; row numbers in the reasons count datagrams from 0.
    """
    if has_game_packets(datagrams):
        return _with_games(datagrams, arrival_ns, machine, games or GameDecoder(machine))
    refusals = Refusals()
    raw = _all_alike(datagrams, machine)
    if raw is None:
        rows, row_numbers = _one_by_one(datagrams, machine, refusals)
        names = _PIT if machine is None else _NAMED
        raw = rows_to_raw(rows, names, refusals, row_numbers)
    return to_decoded(raw, machine=machine, arrival_ns=arrival_ns, refusals=refusals)


def _with_games(
    datagrams: Sequence[bytes], arrival_ns: int, machine: str | None, games: GameDecoder
) -> Decoded:
    """Decode packets of a game apart from what else came."""
    numbers: list[int] = []
    others: list[int] = []
    for i, datagram in enumerate(datagrams):
        (numbers if is_game_packet(datagram) else others).append(i)
    packets = [datagrams[i] for i in numbers]
    found = games.decode(packets, numbers, arrival_ns=arrival_ns)
    if not others:
        return found
    rest = decode_datagrams([datagrams[i] for i in others], arrival_ns=arrival_ns, machine=machine)
    reasons = [
        reason if reason.row is None else msgspec.structs.replace(reason, row=others[reason.row])
        for reason in rest.reasons
    ]
    return replace(
        rest,
        batches=found.batches + rest.batches,
        rejected_rows=found.rejected_rows + rest.rejected_rows,
        rejected_values=found.rejected_values + rest.rejected_values,
        reasons=(*found.reasons, *reasons)[:MAX_REASONS],
        units={**found.units, **rest.units},
        row_numbers=(),  # a frame has no row of its own
    )


def _all_alike(datagrams: Sequence[bytes], machine: str | None) -> RawColumns | None:
    """Read JSON datagrams with the same fields in one pass over the joined text, else None.

    Only flat readings pass there, so that no datagram can reach into its neighbour.
    """
    if not datagrams or not all(d[:1] == b"{" and d[-1:] == b"}" for d in datagrams):
        return None
    try:
        fields = _reading.decode(datagrams[0]).keys()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    names = _NAMED
    if machine is None and not fields & set(_NAMED.machine):
        if not fields >= {"track", "chassis"}:
            return None
        names = _PIT
    raw = read_rows(b"[" + b",".join(datagrams) + b"]", names, len(datagrams))
    return raw if raw is not None and raw.n == len(datagrams) else None


def _one_by_one(
    datagrams: Sequence[bytes], machine: str | None, refusals: Refusals
) -> tuple[list[dict[str, Any]], list[int]]:
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    for i, datagram in enumerate(datagrams):
        try:
            row = _row(datagram)
            if machine is None:
                _check_named(row)
        except DecodeError as error:
            said = datagram[:200].decode("utf-8", "replace")
            refusals.row(i, said, _EXPECTED, str(error))
            continue
        rows.append(row)
        numbers.append(i)
    return rows, numbers


def _row(datagram: bytes) -> dict[str, Any]:
    try:
        return _reading.decode(datagram)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # not a flat JSON object: find out what it is
    if datagram.lstrip()[:1] not in (b"{", b"["):
        return _csv_row(datagram)
    row = read_json(datagram, "The datagram")
    if not isinstance(row, dict):
        raise DecodeError("The datagram holds a list. Send one JSON object per datagram.")
    return row


def _check_named(row: dict[str, Any]) -> None:
    if any(row.get(name) is not None for name in _NAMED.machine):
        return
    if row.get("track") in (None, "") or row.get("chassis") in (None, ""):
        raise DecodeError(
            'The reading does not say whose it is. Add "machine": "<id>", or "track" and "chassis".'
        )


def _csv_row(datagram: bytes) -> dict[str, Any]:
    try:
        parts = datagram.decode("utf-8").strip().split(",")
    except UnicodeDecodeError as error:
        raise DecodeError(
            f"Byte {error.start} of the datagram is not UTF-8. Send UTF-8 text."
        ) from None
    if not LEAST_CSV_FIELDS <= len(parts) <= len(CSV_FIELDS):
        raise DecodeError(
            f"The CSV datagram has {len(parts)} fields, not {LEAST_CSV_FIELDS} to "
            f"{len(CSV_FIELDS)}. Send {','.join(CSV_FIELDS)}."
        )
    row: dict[str, Any] = dict(zip(CSV_FIELDS, parts, strict=False))
    for name in CSV_FIELDS[3 : len(parts)]:
        row[name] = _csv_number(row[name].strip())
    row["meta_time"] = row["meta_time"].strip() or None
    row["chassis"] = row["chassis"].strip()
    return row


def _csv_number(text: str) -> float | str | None:
    """Return the number; text that is none stays text, and is refused where values are checked."""
    if not text:
        return None
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text
