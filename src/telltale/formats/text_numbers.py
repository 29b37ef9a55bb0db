"""A text column to float64: plain decimal numbers, empty means missing, all else is refused."""

from __future__ import annotations

import contextlib
import math
from array import array
from collections.abc import Callable, Sequence

import numpy as np

from telltale.batch import FloatArray
from telltale.formats.base import shown
from telltale.formats.refusals import Refusals

_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--", "#n/a", "nil"})
_WORDS = {"true": 1.0, "on": 1.0, "yes": 1.0, "false": 0.0, "off": 0.0, "no": 0.0}


def text_numbers(
    texts: Sequence[str],
    field: str,
    refusals: Refusals,
    row_number: Callable[[int], int],
    decimal: str = ".",
) -> FloatArray:
    """Return one column of texts as numbers; missing and refused are NaN."""
    column = _column(texts, decimal)
    for i in np.flatnonzero(~np.isfinite(column)):
        text = texts[int(i)]
        if not is_missing(text):
            column[i] = math.nan
            message = f"{field}: {shown(text)!r} is not a number. Leave it empty if missing."
            refusals.value(row_number(int(i)), field, text, "a number, or nothing", message)
    return column


def _column(texts: Sequence[str], decimal: str) -> FloatArray:
    column: FloatArray
    if "_" not in "".join(texts):  # which float() takes for a thousands sign
        with contextlib.suppress(ValueError):
            column = np.frombuffer(array("d", map(float, texts)))
            return column
        with contextlib.suppress(ValueError):
            return np.array([float(text) if text else math.nan for text in texts])
    column = np.array([number_of(text, decimal) for text in texts], dtype=np.float64)
    return column


def is_missing(text: str) -> bool:
    """Tell if the text says that there is no value."""
    return text.strip().lower() in _MISSING


def number_of(text: str, decimal: str = ".") -> float:
    """Return one number; NaN when there is none, infinity when it is beyond float64."""
    text = text.strip()
    if decimal == ",":
        text = text.replace(",", ".")
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return _WORDS.get(text.lower(), math.nan)
