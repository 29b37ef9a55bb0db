"""`Receipt`: what became of one machine's share of an input, and of an input as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from telltale.batch import Batch, IntArray
from telltale.formats.base import MAX_REASONS, Decoded, LeftOut, Rejection
from telltale.profiles.conform import Conformed


class Receipt(msgspec.Struct, frozen=True):
    """What became of one machine's share of an input; the API's answer to a push.

    Attributes:
        machine: Whose.
        profile: Id of its profile; "" if nothing was kept of a machine that is not known.
        registered: True if this input made the machine known.
        accepted, rejected: Rows. What the decoder refused counts with the first share.
        rejected_values: Single values dropped from rows that were kept.
        late: Accepted rows older than the machine's newest.
        replaced: Accepted rows whose time was there already, kept before or in the same input:
            each replaced what it has a value for.
        left_out: Columns of which the decoder kept nothing, with the reason.
        warnings: What had to be guessed, a sentence each.
        unknown: Names that the profile does not know, and what may have been meant.
        reasons: The first `MAX_REASONS` rejections, explained; rows as people count them, from 1.
    """

    machine: str
    profile: str = ""
    registered: bool = False
    accepted: int = 0
    rejected: int = 0
    rejected_values: int = 0
    late: int = 0
    replaced: int = 0
    first_time_ns: int | None = None
    last_time_ns: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()
    unknown: dict[str, str] = {}
    reasons: tuple[Rejection, ...] = ()


def kept_share(
    machine: str,
    profile: str,
    conformed: Conformed,
    decoded: Decoded,
    *,
    times_ns: IntArray,
    rows: IntArray | None,
    registered: bool,
    late: int,
) -> Receipt:
    """Return the receipt of a share that was read.

    Args:
        machine: Whose it is.
        profile: Id of its profile.
        conformed: What was kept.
        decoded: What is told once per input.
        times_ns: Of its samples, as they were read, shape (n,).
        rows: Their places in the input, counted from 0, shape (n,); None where they have none.
        registered: It made the machine known.
        late: So many of its rows came late.
    """
    refused = [_placed(reason, times_ns, rows) for reason in conformed.reasons]
    time_ns = conformed.batch.time_ns
    return Receipt(
        machine=machine,
        profile=profile,
        registered=registered,
        accepted=len(time_ns),
        rejected=decoded.rejected_rows + conformed.rejected_rows,
        rejected_values=decoded.rejected_values + conformed.rejected_values,
        late=late,
        first_time_ns=int(time_ns[0]) if len(time_ns) else None,
        last_time_ns=int(time_ns[-1]) if len(time_ns) else None,
        unknown=conformed.unknown,
        left_out=decoded.left_out,
        warnings=decoded.notes,
        reasons=_counted((*decoded.reasons, *refused)),
    )


def undecoded(machine: str, decoded: Decoded) -> Receipt:
    """Return the receipt of an input that held no reading at all."""
    return Receipt(
        machine,
        rejected=decoded.rejected_rows,
        rejected_values=decoded.rejected_values,
        left_out=decoded.left_out,
        warnings=decoded.notes,
        reasons=_counted(decoded.reasons),
    )


def unregistered(batch: Batch, decoded: Decoded, message: str) -> Receipt:
    """Return the receipt of a share whose machine cannot be registered."""
    reason = Rejection(None, None, None, "a machine that can be registered", message)
    return Receipt(
        batch.machine,
        rejected=len(batch) + decoded.rejected_rows,
        rejected_values=decoded.rejected_values,
        left_out=decoded.left_out,
        warnings=decoded.notes,
        reasons=_counted((*decoded.reasons, reason)),
    )


def _placed(reason: Rejection, times_ns: IntArray, rows: IntArray | None) -> Rejection:
    """Return a sample's reason with its row in the input, or its time where it has no row."""
    if (sample := reason.row) is None:
        return reason
    if rows is not None:
        row = int(rows[sample])
        return _renamed(reason, row, f"Row {row}")
    time = np.datetime_as_string(times_ns[sample : sample + 1].astype("datetime64[ns]"), unit="ms")
    return _renamed(reason, None, f"The sample of {time[0]}Z")


def _renamed(reason: Rejection, row: int | None, place: str) -> Rejection:
    message = re.sub(rf"^Row {reason.row}\b", place, reason.message)
    return msgspec.structs.replace(reason, row=row, message=message)


def _counted(reasons: Sequence[Rejection]) -> tuple[Rejection, ...]:
    """Return the first reasons for people: their rows count from 1, an index from 0."""
    return tuple(
        reason if (row := reason.row) is None else _renamed(reason, row + 1, f"Row {row + 1}")
        for reason in reasons[:MAX_REASONS]
    )


def with_replaced(receipts: Sequence[Receipt], new_rows: Sequence[int]) -> list[Receipt]:
    """Return the receipts with what the commits told: how many rows of each were new.

    Args:
        receipts: Of one input.
        new_rows: One number for each receipt of which something was accepted, in order.
    """
    told = iter(new_rows)
    return [
        msgspec.structs.replace(receipt, replaced=receipt.accepted - next(told))
        if receipt.accepted
        else receipt
        for receipt in receipts
    ]


def whole(receipts: Sequence[Receipt], decoded: Decoded, machine: str) -> Receipt:
    """Return one receipt for a whole input, which may have given several shares or none."""
    if len(receipts) == 1:
        return receipts[0]
    if not receipts:
        return undecoded(machine, decoded)
    starts_ns = [r.first_time_ns for r in receipts if r.first_time_ns is not None]
    ends_ns = [r.last_time_ns for r in receipts if r.last_time_ns is not None]
    reasons = dict.fromkeys(reason for receipt in receipts for reason in receipt.reasons)
    return msgspec.structs.replace(
        receipts[0],
        registered=any(receipt.registered for receipt in receipts),
        accepted=sum(receipt.accepted for receipt in receipts),
        rejected=sum(receipt.rejected for receipt in receipts),
        replaced=sum(receipt.replaced for receipt in receipts),
        rejected_values=sum(receipt.rejected_values for receipt in receipts),
        late=sum(receipt.late for receipt in receipts),
        first_time_ns=min(starts_ns, default=None),
        last_time_ns=max(ends_ns, default=None),
        unknown={name: hint for receipt in receipts for name, hint in receipt.unknown.items()},
        left_out=decoded.left_out,
        warnings=decoded.notes,
        reasons=tuple(reasons)[:MAX_REASONS],
    )
