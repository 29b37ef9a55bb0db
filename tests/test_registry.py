"""The tables of implementations are open: a package from outside joins them."""

from __future__ import annotations

from pathlib import Path

import pytest

from telltale.errors import ProfileError
from telltale.pipeline.metrics import METRICS
from telltale.pipeline.run import Pipeline
from telltale.profiles.parse import parse_profile
from telltale.registry import is_registered, load, suggest

METRIC = '''
import msgspec

class Nothing(msgspec.Struct, frozen=True):
    """No memory."""

def halved(time_ns, x, state: Nothing):
    return x / 2, state
'''
PROFILE = """
title = "It"
description = "It."
[channels.load_pct]
title = "Load"
unit = "%"
range = [0, 100]
[metrics.half_pct]
title = "Half"
unit = "%"
function = "halved_by_a_guest"
inputs = ["load_pct"]
"""


def test_a_metric_from_another_package_can_be_named_in_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProfileError, match="no metric function 'halved_by_a_guest'"):
        parse_profile(PROFILE, id="it", file="it.toml")
    installed = tmp_path / "guest-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(
        "[telltale.metrics]\nhalved_by_a_guest = guest_metrics:halved\n"
    )
    (tmp_path / "guest_metrics.py").write_text(METRIC)
    monkeypatch.syspath_prepend(tmp_path)
    assert is_registered(METRICS, "halved_by_a_guest", group="telltale.metrics")
    profile = parse_profile(PROFILE, id="it", file="it.toml")
    assert "half_pct" in Pipeline(profile).profile.metrics


def test_every_metric_of_the_table_can_be_loaded() -> None:
    for name in METRICS:
        assert callable(load(METRICS, name, group="telltale.metrics", error=ProfileError))


def test_a_near_miss_is_named() -> None:
    assert suggest("rolling_men", METRICS) == "Did you mean 'rolling_mean'?"
