"""The hot path for columns in MessagePack: a list of 64-bit floats is read as it lies.

Nine bytes a number, all alike, are an array already; no Python number is made of any. Whatever
is not like that gives None, and the plain path decodes it again and explains.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.formats.raw_columns import FieldNames, RawColumns, split_fields

_FLOAT_64 = 0xCB  # https://github.com/msgpack/msgpack/blob/master/spec.md, "float format family"
_ARRAY_16, _ARRAY_32 = 0xDC, 0xDD
_ITEM = np.dtype([("kind", np.uint8), ("value", ">f8")])

_parts = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_plain = msgspec.msgpack.Decoder()


def read_columns(body: bytes, names: FieldNames, max_rows: int) -> RawColumns | None:
    """Decode a map of lists of one length; None if it is anything else."""
    try:
        parts = _parts.decode(body)
        told = names.all
        columns = {name: _column(part, name in told) for name, part in parts.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        return None
    sizes = {-1 if column is None else len(column) for column in columns.values()}
    n = sizes.pop() if len(sizes) == 1 else -1
    if not 0 < n <= max_rows:
        return None
    return split_fields({k: v for k, v in columns.items() if v is not None}, n, names)


def _column(part: msgspec.Raw, is_told: bool) -> Any:  # Any: a list, or None where it is no list
    """Return a column; times and machines (`is_told`) stay as they were sent."""
    floats = None if is_told else _floats(memoryview(part))
    if floats is not None:
        return floats
    value = _plain.decode(part)
    return value if isinstance(value, list) else None


def _floats(packed: memoryview) -> FloatArray | None:
    """Return a packed list of finite 64-bit floats; None if it is anything else."""
    if packed[0] == _ARRAY_16 and len(packed) > 3:
        start, (n,) = 3, struct.unpack_from(">H", packed, 1)
    elif packed[0] == _ARRAY_32 and len(packed) > 5:
        start, (n,) = 5, struct.unpack_from(">I", packed, 1)
    else:
        return None
    if len(packed) != start + n * _ITEM.itemsize:
        return None
    items = np.frombuffer(packed, dtype=_ITEM, offset=start)
    if not bool((items["kind"] == _FLOAT_64).all()):
        return None
    values: FloatArray = items["value"].astype(np.float64)
    return values if bool(np.isfinite(values).all()) else None
