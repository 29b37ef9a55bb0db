"""What a waveform's finding is worth as readings of its machine, and what explains them."""

from __future__ import annotations

from telltale.profiles.point_channels import (
    CREST,
    EVIDENCE,
    GEAR_SCORE,
    KNOCKING,
    KURTOSIS,
    PEAK,
    RMS,
    SHARES,
    SIDEBANDS,
    VELOCITY,
    column,
)
from telltale.runtime.vibration.views import Finding


def readings_of(name: str, finding: Finding) -> dict[str, float]:
    """Return the readings that a finding is worth, by channel of the point."""
    told, unit = finding.statistics, finding.unit
    found = {
        column(name, RMS, unit): told.rms,
        column(name, PEAK, unit): told.peak,
        column(name, CREST): told.crest,
        column(name, KURTOSIS): told.kurtosis,
    }
    if told.velocity_rms_mm_s is not None:
        found[column(name, VELOCITY)] = told.velocity_rms_mm_s
    if (bearing := finding.bearing) is not None:
        found[column(name, EVIDENCE)] = max(bearing.evidence.values())
        found[column(name, KNOCKING)] = bearing.knocking
        for what in SHARES:
            found[column(name, what)] = bearing.shares[what.removesuffix("_share")]
    if (gear := finding.gear) is not None:
        for what, value in ((GEAR_SCORE, gear.score), (SIDEBANDS, gear.sideband_ratio)):
            if value is not None:
                found[column(name, what)] = value
    return found


def because_of(name: str, finding: Finding) -> dict[str, str]:
    """Return by channel the sentence that its limit's event says."""
    found: dict[str, str] = {}
    if finding.bearing is not None:
        found |= {column(name, what): finding.bearing.sentence for what in SHARES}
    if finding.gear is not None:
        found[column(name, GEAR_SCORE)] = finding.gear.note
    return found
