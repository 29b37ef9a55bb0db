"""Whether a waveform holds anything in which a bearing could be heard."""

from __future__ import annotations

import numpy as np

from telltale.batch import FloatArray
from telltale.models.vibration.envelope import TINY, power_spectrum
from telltale.models.vibration.statistics import BLOCK_SAMPLES

HEARD_SHARE = 1e-8  # of the power; 16-bit rounding of a slow movement leaves 1e-10


def heard_share(waveform: FloatArray, rate_hz: float, from_hz: float, top_hz: float) -> float:
    """Return which share of a waveform's power lies between two frequencies, 0 to 1.

    Whitening makes every frequency equally strong, also those that hold nothing but rounding:
    a slow movement alone would then sound like a bearing.

    Args:
        waveform: Shape (n,), any unit; of a long one the middle is looked at.
        rate_hz: Its sampling rate.
        from_hz: The bearing's highest line; what its knocks ring lies above.
        top_hz: Highest frequency that is used.
    """
    start = max(0, (len(waveform) - BLOCK_SAMPLES) // 2)
    spectrum = power_spectrum(waveform[start : start + BLOCK_SAMPLES], rate_hz)
    first, last = (int(np.ceil(edge / spectrum.step_hz)) for edge in (from_hz, top_hz))
    total = float(spectrum.power.sum())
    return float(spectrum.power[first : last + 1].sum()) / max(total, TINY)
