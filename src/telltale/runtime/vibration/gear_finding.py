"""What a waveform says of a gear: its mesh, its sidebands, and how far it is from healthy."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.models.card import Card
from telltale.models.vibration.gear_model import GearCore, GearWindow, recording_score
from telltale.models.vibration.gears import BandKind, Bands, Mesh, mesh_of
from telltale.profiles.points import Point
from telltale.runtime.vibration.views import GearView, mesh_lines

GEAR_TURNS = 1.5  # of the shaft in a window of the gear: a broken tooth knocks in each
GEAR_CHANNEL = "acceleration"
MOST_GEAR_WINDOWS = 200  # of one waveform
SPEED_REACH = 0.1  # beyond the speeds learnt from, bands hold other things
SPEEDS = "shaft_rpm"  # a setting of a learnt gear: lowest and highest speed
WAVEFORMS = "waveforms"  # a setting of a learnt gear: so many were learnt from


@dataclass(frozen=True, slots=True)
class LearntGear:
    """What is known of a point's healthy gear."""

    card: Card
    core: GearCore

    @property
    def waveforms(self) -> int:
        """So many healthy waveforms were learnt from."""
        return int(self.card.settings[WAVEFORMS])


@dataclass(frozen=True, slots=True, eq=False)
class GearFound:
    """What a waveform says of a gear, and what can be learnt from it.

    Attributes:
        view: For people.
        levels: Band levels of its windows, shape (windows, bands).
        samples: Length of such a window.
    """

    view: GearView
    levels: FloatArray
    samples: int


def gear_found(
    samples: FloatArray,
    point: Point,
    turning_rpm: float | None,
    gear: LearntGear | None,
    window_samples: int,
) -> GearFound | None:
    """Return what a waveform says of a point's gear; None without one, or while it stands still.

    Args:
        samples: Shape (n,).
        point: Sampling rate and teeth.
        turning_rpm: Shaft speed.
        gear: What is known of the healthy gear.
        window_samples: Window length of earlier waveforms, to be kept if it still fits.

    Raises:
        ModelError: The waveform is too short, or its rate too low for this mesh.
    """
    if turning_rpm is None or point.gear is None:
        return None
    mesh = mesh_of(samples, point.rate_hz, turning_rpm / 60.0, point.gear.teeth)
    length = _window_samples(point.rate_hz, turning_rpm, gear, window_samples)
    levels = _levels(samples, point.rate_hz, length)
    return GearFound(_view(mesh, samples, turning_rpm, gear), levels, length)


def gear_window(rate_hz: float, samples: int) -> GearWindow:
    """Return what one window of a gear's vibration is, at a point with one accelerometer."""
    return GearWindow((GEAR_CHANNEL,), Bands(rate_hz, BandKind.ALL, rate_hz / 4.0), samples)


def _window_samples(rate_hz: float, shaft_rpm: float, gear: LearntGear | None, before: int) -> int:
    """Return how long a window of the gear is: as before, unless the speed is quite another."""
    wanted = GEAR_TURNS * rate_hz / (shaft_rpm / 60.0)
    known = before if gear is None else gear.card.window.samples
    return known if 0.8 * wanted <= known <= 1.25 * wanted else round(wanted)


def _levels(samples: FloatArray, rate_hz: float, gear_samples: int) -> FloatArray:
    """Return the band levels of a waveform's windows, of a long one some spread evenly."""
    few = _gear_windows(samples, gear_samples)
    return gear_window(rate_hz, gear_samples).levels(few)


def _gear_windows(samples: FloatArray, gear_samples: int) -> FloatArray:
    """Return a waveform's whole windows in a row, shape (n, 1); of a long one some of them."""
    n_whole = len(samples) // gear_samples
    chosen = np.linspace(0, n_whole - 1, min(n_whole, MOST_GEAR_WINDOWS)).astype(np.int64)
    windows = samples[: n_whole * gear_samples].reshape(n_whole, gear_samples)
    few: FloatArray = windows[chosen].reshape(-1, 1)
    return few


def _view(mesh: Mesh, samples: FloatArray, shaft_rpm: float, gear: LearntGear | None) -> GearView:
    ratio = mesh.sideband_ratio if np.isfinite(mesh.sideband_ratio) else None
    told = f"sidebands hold {mesh.sideband_ratio:.2f} times the power of the mesh"
    view = GearView(
        mesh_hz=mesh.mesh_hz,
        sideband_ratio=ratio,
        score=None,
        learnt_from=None,
        note=f"What is normal for this gear is not learnt yet; {told}.",
        lines=mesh_lines(mesh),
    )
    if gear is None:
        return view
    view = msgspec.structs.replace(view, learnt_from=gear.waveforms)
    low, high = gear.card.settings[SPEEDS]
    if not low * (1.0 - SPEED_REACH) <= shaft_rpm <= high * (1.0 + SPEED_REACH):
        note = (
            f"No score: what is normal was learnt at {low:.0f} to {high:.0f} rpm and this is "
            f"{shaft_rpm:.0f} rpm; {told}."
        )
        return msgspec.structs.replace(view, note=note)
    score = recording_score(gear.card, gear.core, _gear_windows(samples, gear.card.window.samples))
    is_far = "is beyond" if score > 1.0 else "is within"
    note = (
        f"The gear's vibration {is_far} what {gear.waveforms} healthy waveforms show "
        f"({score:.2f} times the limit); {told}."
    )
    return msgspec.structs.replace(view, score=score, note=note)
