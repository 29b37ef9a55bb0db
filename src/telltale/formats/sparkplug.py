"""Sparkplug B: topics and payloads, read and written.

Source: Eclipse Sparkplug 3.0.0, chapters 4 (topics) and 6 (payloads; field numbers of 6.4).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from telltale.errors import DecodeError
from telltale.formats.base import shown
from telltale.formats.protobuf_wire import (
    bytes_field,
    double_field,
    fields,
    float_field,
    varint_field,
)

NAMESPACE = "spBv1.0"
REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"
MESSAGES = ("NBIRTH", "NDATA", "NDEATH", "NCMD", "DBIRTH", "DDATA", "DDEATH", "DCMD")
MAX_METRICS = 10_000  # of one message

# Data types by number, 6.4.16; the bits of those that are integers.
SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
UNSIGNED_BITS = {5: 8, 6: 16, 7: 32, 8: 64}
FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME, TEXT, UUID = 9, 10, 11, 12, 13, 14, 15
TYPE_NAMES = {16: "a data set", 17: "bytes", 18: "a file", 19: "a template"}
LAST_NUMBER_TYPE, FIRST_ARRAY_TYPE = BOOLEAN, 22

Value: TypeAlias = float | int | bool | str | None


class SparkplugTopic(NamedTuple):
    """Whose message it is. `device` is "" in messages of the edge node itself."""

    group: str
    message: str
    node: str
    device: str


class SparkplugMetric(msgspec.Struct, frozen=True):
    """One metric of a payload.

    Attributes:
        name: "" where only the alias is told.
        alias: None where there is none.
        time_ms: Its own time; None for the payload's.
        datatype: Number of its type; 0 where the message does not say it.
        value: As `datatype` says; None if it is null, or of a kind that is no number and no text.
        is_historical: It was measured before, and sent now.
        is_null: It says that there is no value.
        unit: Its property engUnit, if any.
    """

    name: str = ""
    alias: int | None = None
    time_ms: int | None = None
    datatype: int = 0
    value: Value = None
    is_historical: bool = False
    is_null: bool = False
    unit: str = ""

    def typed(self, datatype: int) -> SparkplugMetric:
        """Return the same read as this type, which its birth told."""
        value = _typed(self.value, datatype)
        return msgspec.structs.replace(self, datatype=datatype, value=value)


class SparkplugPayload(msgspec.Struct, frozen=True):
    """One message: its time, its number from 0 to 255, its metrics."""

    time_ms: int | None = None
    seq: int | None = None
    metrics: tuple[SparkplugMetric, ...] = ()


def sparkplug_topic(topic: str) -> SparkplugTopic | None:
    """Return whose message a topic bears; None if it is no such topic, or a STATE."""
    parts = topic.split("/")
    if len(parts) not in (4, 5) or parts[0] != NAMESPACE or parts[2] not in MESSAGES:
        return None
    device = parts[4] if len(parts) == 5 else ""
    if parts[2].startswith("D") != bool(device) or not parts[1] or not parts[3]:
        return None
    return SparkplugTopic(parts[1], parts[2], parts[3], device)


def read_payload(body: bytes) -> SparkplugPayload:
    """Read a payload.

    Raises:
        DecodeError: The bytes are no Sparkplug payload.
    """
    time_ms: int | None = None
    seq: int | None = None
    metrics: list[SparkplugMetric] = []
    try:
        for number, _, value in fields(body):
            if number == 1:
                time_ms = _integer(value)
            elif number == 2:
                metrics.append(_metric(_bytes(value)))
                _check_count(len(metrics))
            elif number == 3:
                seq = _integer(value)
    except (DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(f"The payload is not Sparkplug B: {error}") from None
    return SparkplugPayload(time_ms, seq, tuple(metrics))


def _check_count(count: int) -> None:
    if count > MAX_METRICS:
        raise DecodeError(f"it holds more than {MAX_METRICS:,} metrics.")


def _metric(message: bytes) -> SparkplugMetric:
    found: dict[str, str | int | bool | None] = {}
    raw: int | bytes | None = None
    raw_number = 0
    for number, _, value in fields(message):
        if number == 1:
            found["name"] = _bytes(value).decode()
        elif number in _INTEGERS:
            found[_INTEGERS[number]] = _integer(value)
        elif number == 9:
            found["unit"] = _unit(_bytes(value))
        elif number >= 10:
            raw_number, raw = number, value
    datatype = int(found.get("datatype") or 0)
    is_null = bool(found.pop("is_null", 0))
    is_historical = bool(found.pop("is_historical", 0))
    plain = None if raw is None or is_null else _plain(raw_number, raw)
    return SparkplugMetric(
        **found,  # type: ignore[arg-type]  # each was read as its own type above
        value=_typed(plain, datatype),
        is_null=is_null,
        is_historical=is_historical,
    )


_INTEGERS = {2: "alias", 3: "time_ms", 4: "datatype", 5: "is_historical", 7: "is_null"}


def _plain(number: int, raw: int | bytes) -> Value:
    """Return the value of one member of the payload's union, not yet by its type."""
    read = _UNION.get(number)
    return None if read is None else read(raw)


def _float(raw: int | bytes) -> float:
    (value,) = struct.unpack("<f", _sized(raw, 4))
    return float(value)


def _double(raw: int | bytes) -> float:
    (value,) = struct.unpack("<d", _sized(raw, 8))
    return float(value)


def _sized(raw: int | bytes, size: int) -> bytes:
    value = _bytes(raw)
    if len(value) != size:
        raise DecodeError(f"a number has {len(value)} bytes, not {size}.")
    return value


def _integer(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise DecodeError("bytes stand where a whole number belongs.")
    return value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise DecodeError("a whole number stands where bytes belong.")
    return value


_UNION: Mapping[int, Callable[[int | bytes], Value]] = {
    10: _integer,
    11: _integer,
    12: _float,
    13: _double,
    14: lambda raw: bool(_integer(raw)),
    15: lambda raw: _bytes(raw).decode(),
}


def _typed(value: Value, datatype: int) -> Value:
    """Return a value as its type says: signed numbers travel as two's complement, 6.4.16."""
    if type(value) is not int:
        return value
    if datatype in SIGNED_BITS:
        bits = SIGNED_BITS[datatype]
        low = value & ((1 << bits) - 1)
        return low - (1 << bits) if low >> (bits - 1) else low
    if datatype in UNSIGNED_BITS:
        return value & ((1 << UNSIGNED_BITS[datatype]) - 1)
    return bool(value) if datatype == BOOLEAN else value


def _unit(message: bytes) -> str:
    """Return the text of the property engUnit of a property set, 6.4.20."""
    keys: list[str] = []
    texts: list[str] = []
    for number, _, value in fields(message):
        if number == 1:
            keys.append(_bytes(value).decode())
        elif number == 2:
            held = [v for n, _, v in fields(_bytes(value)) if n == 8]
            texts.append(_bytes(held[-1]).decode() if held else "")
    told = dict(zip(keys, texts, strict=False))
    return told.get("engUnit") or told.get("Engineering Units") or ""


def why_no_reading(metric: SparkplugMetric) -> str:
    """Return why a metric that is not null gives no reading; "" if it does."""
    if metric.datatype == DATETIME:
        return "a time; only numbers and words are kept"
    if metric.datatype >= FIRST_ARRAY_TYPE:
        return "a list; only single numbers and words are kept"
    if metric.datatype in TYPE_NAMES:
        return f"{TYPE_NAMES[metric.datatype]}; only numbers and words are kept"
    return "" if metric.value is not None else "a value of an unknown kind"


def write_payload(payload: SparkplugPayload) -> bytes:
    """Return a payload as bytes. Reads back equal.

    Raises:
        DecodeError: A value does not fit its type.
    """
    written = bytearray()
    if payload.time_ms is not None:
        written += varint_field(1, payload.time_ms)
    for metric in payload.metrics:
        written += bytes_field(2, _written(metric))
    if payload.seq is not None:
        written += varint_field(3, payload.seq)
    return bytes(written)


def _written(metric: SparkplugMetric) -> bytes:
    parts = [bytes_field(1, metric.name.encode())] if metric.name else []
    for number, value in ((2, metric.alias), (3, metric.time_ms)):
        if value is not None:
            parts.append(varint_field(number, value))
    for number, told in ((4, metric.datatype), (5, metric.is_historical), (7, metric.is_null)):
        if told:
            parts.append(varint_field(number, int(told)))
    if metric.unit:
        unit = varint_field(1, STRING) + bytes_field(8, metric.unit.encode())
        parts.append(bytes_field(9, bytes_field(1, b"engUnit") + bytes_field(2, unit)))
    if metric.value is not None:
        parts.append(_written_value(metric.value, metric.datatype))
    return b"".join(parts)


def _written_value(value: float | int | bool | str, datatype: int) -> bytes:
    if isinstance(value, str):
        return bytes_field(15, value.encode())
    if isinstance(value, bool):
        return varint_field(14, int(value))
    if isinstance(value, float):
        return float_field(12, value) if datatype == FLOAT else double_field(13, value)
    is_long = datatype in (4, 7, 8, DATETIME) or not -(2**31) <= value < 2**32
    if not -(2**63) <= value < 2**64:
        raise DecodeError(f"{shown(value)} does not fit 64 bits.")
    return varint_field(11 if is_long else 10, value % (2**64 if is_long else 2**32))


def rebirth_command(time_ms: int) -> bytes:
    """Return the payload that asks an edge node for its births again, 6.4.24."""
    metric = SparkplugMetric(REBIRTH, time_ms=time_ms, datatype=BOOLEAN, value=True)
    return write_payload(SparkplugPayload(time_ms, None, (metric,)))


def state_topic(host: str) -> str:
    """Return where a host application says that it listens, 4.3 and 6.4.26."""
    return f"{NAMESPACE}/STATE/{host}"


def state_payload(time_ms: int, *, is_online: bool) -> bytes:
    """Return what a host application says there."""
    return msgspec.json.encode({"online": is_online, "timestamp": time_ms})
