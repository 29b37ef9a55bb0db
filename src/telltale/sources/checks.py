"""Checks of settings that several sources share. They do no I/O."""

from __future__ import annotations

import math

from telltale.errors import SettingsError


def check_number(where: str, setting: str, value: float, low: float, high: float) -> float:
    """Return the number if it lies from low to high. Raises SettingsError."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        raise SettingsError(
            f"{where}: {setting} is {value!r}. Give a number from {low:g} to {high:g}."
        )
    return value


def check_text(where: str, setting: str, value: str) -> str:
    """Return the text if there is any. Raises SettingsError."""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{where}: {setting} is {value!r}. Give a text that is not empty.")
    return value
