"""A waveform's findings as they are kept: JSON to list, and a packed detail to look closer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from telltale.errors import StoreError
from telltale.runtime.vibration.finding import Found
from telltale.runtime.vibration.gear_normal import HealthyWaveform
from telltale.runtime.vibration.views import Finding, SpectrumView
from telltale.store.base import KeptWaveform


class _KeptFinding(msgspec.Struct, frozen=True):
    """What the list shows."""

    finding: Finding
    reading_time_ns: int | None
    is_late: bool


class _Detail(msgspec.Struct, frozen=True):
    """What only one waveform's own answer shows, or learning needs."""

    spectrum: SpectrumView | None
    levels: bytes = b""
    bands: int = 0
    gear_samples: int = 0


class WaveformView(Finding, frozen=True, kw_only=True):
    """One waveform as the API shows it: its finding, and what it is.

    Attributes:
        time_ns: When it was recorded.
        reading_time_ns: Where its readings stand; null if the profile does not know the point.
        is_late: Readings of the machine are newer by far: kept in the history, and not judged
            against limits.
    """

    id: int
    machine: str
    point: str
    time_ns: int
    reading_time_ns: int | None
    is_late: bool


class WaveformDetail(WaveformView, frozen=True, kw_only=True):
    """The same with its envelope spectrum; null without a bearing."""

    spectrum: SpectrumView | None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a waveform's readings stand; no time where it has none."""

    time_ns: int | None = None
    is_late: bool = False


def record_of(machine: str, point: str, time_ns: int, found: Found, placed: Placed) -> KeptWaveform:
    """Return what is kept of a waveform."""
    gear, detail = found.gear, _Detail(found.spectrum)
    if gear is not None:
        levels = gear.levels.astype("<f8").tobytes()
        detail = _Detail(found.spectrum, levels, gear.levels.shape[1], gear.samples)
    listed = _KeptFinding(found.finding, placed.time_ns, placed.is_late)
    return KeptWaveform(
        machine, point, time_ns, msgspec.json.encode(listed), msgspec.msgpack.encode(detail)
    )


def readable(kept: Sequence[KeptWaveform]) -> tuple[list[WaveformView], list[int]]:
    """Return those that can be read as they are listed, and the numbers of the others.

    One that cannot be read must not take the others of its list along.
    """
    views, unreadable = [], []
    for one in kept:
        try:
            views.append(view_of(one))
        except StoreError:
            unreadable.append(one.id)
    return views, unreadable


def view_of(kept: KeptWaveform) -> WaveformView:
    """Return a kept waveform as it is listed. Raises StoreError if it cannot be read any more."""
    return WaveformView(**_members(kept))


def detail_of(kept: KeptWaveform) -> WaveformDetail:
    """Return a kept waveform with its spectrum. Raises StoreError."""
    return WaveformDetail(**_members(kept), spectrum=_detail(kept).spectrum)


def gear_samples_of(kept: KeptWaveform) -> int:
    """Return how long the gear's windows were; 0 if it was not asked about, or is unreadable."""
    try:
        return _detail(kept).gear_samples
    except StoreError:
        return 0


def healthy_of(kept: KeptWaveform) -> HealthyWaveform | None:
    """Return what can be learnt from a kept waveform; None if nothing can, or it is unreadable."""
    try:
        detail, view = _detail(kept), view_of(kept)
    except StoreError:
        return None
    if not detail.levels or view.shaft_rpm is None:
        return None
    levels = np.frombuffer(detail.levels, dtype="<f8").reshape(-1, detail.bands)
    return HealthyWaveform(levels, view.rate_hz, view.shaft_rpm, detail.gear_samples, kept.time_ns)


def _members(kept: KeptWaveform) -> dict[str, Any]:  # Any: members of several types
    listed = _listed(kept)
    return {
        **{name: getattr(listed.finding, name) for name in Finding.__struct_fields__},
        "id": kept.id,
        "machine": kept.machine,
        "point": kept.point,
        "time_ns": kept.time_ns,
        "reading_time_ns": listed.reading_time_ns,
        "is_late": listed.is_late,
    }


def _listed(kept: KeptWaveform) -> _KeptFinding:
    try:
        return msgspec.json.decode(kept.finding, type=_KeptFinding)
    except msgspec.MsgspecError as error:
        raise _unreadable(kept) from error


def _detail(kept: KeptWaveform) -> _Detail:
    try:
        return msgspec.msgpack.decode(kept.detail, type=_Detail)
    except msgspec.MsgspecError as error:
        raise _unreadable(kept) from error


def _unreadable(kept: KeptWaveform) -> StoreError:
    return StoreError(
        f"Waveform {kept.id} of {kept.machine} cannot be read: another telltale wrote it, or "
        "it is damaged. Remove it, or send it again."
    )
