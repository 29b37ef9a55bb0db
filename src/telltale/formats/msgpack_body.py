"""MessagePack bytes to values."""

from __future__ import annotations

from typing import Any

import msgspec

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.json_text import TOO_DEEP

_decoder = msgspec.msgpack.Decoder()


def read_msgpack(body: bytes) -> Any:  # Any: whatever was packed
    """Return the value that MessagePack bytes hold. Raises DecodeError, TooLargeError."""
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise TooLargeError(f"The body {TOO_DEEP}") from None
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
        # TypeError: a map whose keys are maps, which no reading has
        raise DecodeError(
            f"The body is not MessagePack: {error}. Pack one map, a list of maps, or a map of "
            "lists, all with text keys."
        ) from None
