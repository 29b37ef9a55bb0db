"""One body with readings of many machines: each reading names its own, or shares go by machine."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import msgspec

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import MAX_REASONS, Decoded, Rejection, shown
from telltale.formats.decode import MAX_ROWS, decode, format_of
from telltale.formats.raw_columns import BAD_ID, is_machine_id

MAX_MACHINES = 1_000


class _Shares(msgspec.Struct):
    """`{"machines": {"<id>": <columns, rows or a reading>}}`."""

    machines: dict[str, msgspec.Raw]


_json = msgspec.json.Decoder(_Shares)
_msgpack = msgspec.msgpack.Decoder(_Shares)


def decode_fleet(body: bytes, *, content_type: str, arrival_ns: int) -> Decoded:
    """Decode one body of readings of many machines.

    Args:
        body: What `decode` takes, each reading with its "machine"; columns with one id, or one
            id per row; Telegraf's JSON; or `{"machines": {"<id>": body, ...}}` as JSON or
            MessagePack, each share what the machine's own address takes.
        content_type: As the client named it.
        arrival_ns: Time of rows that bring none.

    Raises:
        TooLargeError: More rows or machines than one body may hold.
        DecodeError: The body, or a share of it, is not what it claims to be.
    """
    shares = _shares(body, format_of(content_type, body))
    if shares is None:
        decoded = decode(body, content_type=content_type, machine=None, arrival_ns=arrival_ns)
        _check_machines(len(decoded.batches))
        return decoded
    _check_machines(len(shares))
    kind = "application/json" if format_of(content_type, body) == "json" else "application/msgpack"
    found: list[Decoded] = []
    n_rows = 0
    for machine, share in shares.items():
        if not is_machine_id(machine):
            raise DecodeError(f"{shown(machine)!r} {BAD_ID}")
        read = partial(decode, content_type=kind, machine=machine, arrival_ns=arrival_ns)
        try:
            found.append(read(bytes(share), max_rows=max(MAX_ROWS - n_rows, 0)))
        except DecodeError as error:
            raise type(error)(f"{machine}: {error}") from None
        n_rows += found[-1].rows + found[-1].rejected_rows
    return _joined(list(shares), found)


def _shares(body: bytes, kind: str) -> dict[str, msgspec.Raw] | None:
    """Return the shares of a body that goes by machine; None if it does not."""
    if kind not in ("json", "msgpack") or b"machines" not in body[:64]:
        return None
    try:
        return (_json if kind == "json" else _msgpack).decode(body).machines
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None  # the plain path says what is wrong with it


def _check_machines(n: int) -> None:
    if n > MAX_MACHINES:
        raise TooLargeError(
            f"{n:,} machines are more than {MAX_MACHINES:,} in one body. Send fewer at a time."
        )


def _joined(machines: list[str], shares: list[Decoded]) -> Decoded:
    """Return the shares as one; reasons name their machine."""
    units: dict[str, str] = {}
    for share in shares:
        for column, unit in share.units.items():
            if units.setdefault(column, unit) != unit:
                raise DecodeError(
                    f"Column {shown(column)!r} is in {shown(units[column])} for one machine and in "
                    f"{shown(unit)} for another. Send these machines' readings apart."
                )
    reasons = [
        _of_machine(machine, reason)
        for machine, share in zip(machines, shares, strict=True)
        for reason in share.reasons
    ]
    return replace(
        Decoded(tuple(batch for share in shares for batch in share.batches)),
        rejected_rows=sum(share.rejected_rows for share in shares),
        rejected_values=sum(share.rejected_values for share in shares),
        reasons=tuple(reasons[:MAX_REASONS]),
        units=units,
        codes={name: codes for share in shares for name, codes in share.codes.items()},
        notes=tuple(dict.fromkeys(note for share in shares for note in share.notes)),
        row_numbers=tuple(rows for share in shares for rows in share.row_numbers),
    )


def _of_machine(machine: str, reason: Rejection) -> Rejection:
    return msgspec.structs.replace(reason, message=f"{machine}: {reason.message}")
