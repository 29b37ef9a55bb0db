"""`Label`: what somebody knows about a stretch of a machine's time. Models learn from labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from telltale.errors import StoreError

NS_PER_S = 1_000_000_000
MAX_LABELS = 1_000  # of one machine
MAX_NOTE = 500  # characters
MAX_FAULT = 40  # characters: it becomes a part of columns' names
_FAULT_RULE = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_FAULT - 1}}}")


class LabelError(StoreError):
    """A label cannot be kept. The message says why and what to do."""


class ContradictionError(LabelError):
    """A label says the opposite of one that is kept."""


class UnknownLabelError(LabelError):
    """No label has this id."""


class LabelKind(StrEnum):
    """What is said of a stretch."""

    NORMAL = "normal"
    FAULT = "fault"
    FAILURE = "failure"


class Label(msgspec.Struct, frozen=True):
    """What is known of one stretch of a machine's time.

    Attributes:
        machine: Its id.
        start_ns, end_ns: The stretch, end exclusive; a failure is an instant: both are the same.
        kind: What is said.
        fault: Which fault, one word; "" where the kind is normal or nobody knows what failed.
        note: For people.
        teaches: Models of the machine learn from it by themselves.
        created_ns: When it was said.
        id: Its own among all; 0 until it is kept.
    """

    machine: str
    start_ns: int
    end_ns: int
    kind: LabelKind
    fault: str = ""
    note: str = ""
    teaches: bool = True
    created_ns: int = 0
    id: int = 0


def fault_word(text: str) -> str:
    """Return how a fault is written: "Worn bearing" is worn_bearing."""
    return re.sub(r"[\s-]+", "_", text.strip().lower())


def fault_title(fault: str) -> str:
    """Return a fault as people write it: worn_bearing is "Worn bearing"."""
    return fault.replace("_", " ").capitalize()


def check_label(label: Label, others: Sequence[Label]) -> Label | None:
    """Return the label among the machine's others that says the same, None if it is new.

    Raises:
        LabelError: It says nothing, there is too much of it, or there are too many.
        ContradictionError: Another one says the opposite; the message names it.
    """
    _check_itself(label)
    for other in others:
        if _content(other) == _content(label):
            return other
        if _contradicts(label, other):
            raise ContradictionError(
                f"Label {other.id} says that {label.machine} {told(other)}. What is normal is no "
                f"fault: choose another stretch, or remove label {other.id} first."
            )
    if len(others) >= MAX_LABELS:
        raise LabelError(
            f"{label.machine} has {MAX_LABELS} labels, and no more are kept. Remove some, or join "
            "neighbouring ones."
        )
    return None


def told(label: Label) -> str:
    """Return what a label says, to go on with after the machine's name."""
    fault = label.fault.replace("_", " ")
    start, end = moment(label.start_ns), moment(label.end_ns)
    match label.kind:
        case LabelKind.NORMAL:
            return f"was normal from {start} to {end}"
        case LabelKind.FAULT:
            return f"had the fault {fault!r} from {start} to {end}"
    return f"failed at {start}{f' ({fault})' if fault else ''}"


def of_kind(labels: Iterable[Label], kind: LabelKind) -> tuple[Label, ...]:
    """Return the labels of one kind, in their order."""
    return tuple(label for label in labels if label.kind is kind)


def _check_itself(label: Label) -> None:
    is_instant = label.start_ns == label.end_ns
    if label.kind is LabelKind.FAILURE and not is_instant:
        raise LabelError("A failure is an instant: give 'from' alone. What led to it is a fault.")
    if label.kind is not LabelKind.FAILURE and label.start_ns >= label.end_ns:
        raise LabelError("The stretch ends before it begins. Give a 'to' that is after 'from'.")
    if label.kind is LabelKind.FAULT and not label.fault:
        raise LabelError("A fault needs a name: 'fault', one word, e.g. worn_bearing.")
    if label.kind is LabelKind.NORMAL and label.fault:
        raise LabelError(
            f"What is normal has no fault, and {label.fault!r} is one. Leave 'fault' out, or say "
            "that the kind is 'fault'."
        )
    if label.fault and not _FAULT_RULE.fullmatch(label.fault):
        raise LabelError(
            f"The fault {label.fault[:60]!r} must be one word: at most {MAX_FAULT} letters, "
            "digits and '_', a letter first."
        )
    if len(label.note) > MAX_NOTE or not label.note.isprintable():
        raise LabelError(f"A note has at most {MAX_NOTE} printable characters.")


def _content(label: Label) -> tuple[str, int, int, LabelKind, str]:
    return label.machine, label.start_ns, label.end_ns, label.kind, label.fault


def _contradicts(a: Label, b: Label) -> bool:
    """True when one says normal and the other does not, and they share a moment."""
    normal, other = (a, b) if a.kind is LabelKind.NORMAL else (b, a)
    if normal.kind is not LabelKind.NORMAL or other.kind is LabelKind.NORMAL:
        return False
    if other.kind is LabelKind.FAILURE:
        return normal.start_ns <= other.start_ns < normal.end_ns
    return normal.start_ns < other.end_ns and other.start_ns < normal.end_ns


def moment(time_ns: int) -> str:
    """Return a time as people read it, UTC, to the second."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")
