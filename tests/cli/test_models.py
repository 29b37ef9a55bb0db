"""`telltale train` and `telltale models`: from a log to a detector that runs, and back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run, Served


@pytest.fixture
def kept(run: Run, tmp_path: Path, start: Callable[..., Served]) -> Run:
    """Commands beside a server that has ten minutes of a pump's readings."""
    start("serve", "--udp-port", 0)
    rng = np.random.default_rng(1)
    load = np.sin(np.arange(600) / 2.0)
    rows = zip(
        1500.0 + 40.0 * load + rng.normal(0.0, 3.0, 600),
        300.0 + 20.0 * load + rng.normal(0.0, 2.0, 600),
        2.0 + rng.normal(0.0, 0.1, 600),
        strict=True,
    )
    lines = [
        f"2026-01-02T10:{i // 60:02d}:{i % 60:02d}Z,{speed:.2f},{flow:.2f},{vibration:.3f}"
        for i, (speed, flow, vibration) in enumerate(rows)
    ]
    log = tmp_path / "pump-1.csv"
    head = "time,motor_speed_rpm,flow_l_min,vibration_mm_s"
    log.write_text("\n".join([head, *lines]), encoding="utf-8")
    run("import", log, "--profile", "industrial_pump")
    return run


def test_a_detector_is_learnt_shown_swapped_and_taken_along(kept: Run, tmp_path: Path) -> None:
    said = kept("train", "pump-1", "--kind", "mahalanobis", "--from", "2026-01-02T10:00:00Z")
    assert "Model 1: anomaly of pump-1, version 1." in said.stdout
    assert "600 samples of normal operation" in said.stdout
    report = json.loads(kept("train", "pump-1", "--kind", "mahalanobis", "--json").stdout)
    assert (report["version"], report["report"]["compared"]["only_shadow"]) == (2, 0)
    listed = json.loads(kept("models", "--json").stdout)
    assert [(m["version"], len(m["runs_on"])) for m in listed] == [(2, 1), (1, 0)]
    assert "Reads motor_speed_rpm [rpm]" in kept("models", "show", 2).stdout
    kept("models", "run", "activate", 1, "pump-1")
    kept("models", "run", "shadow", 2, "pump-1")
    (model,) = json.loads(kept("models", "state", "pump-1", "--json").stdout)["models"]
    assert (model["version"], model["shadow"]["version"]) == (1, 2)
    kept("models", "change", "promote", "pump-1")
    assert "anomaly" in kept("models", "change", "roll-back", "pump-1").stdout
    kept("models", "change", "off", "pump-1", "anomaly")
    kept("models", "export", 2, tmp_path / "anomaly.zip")
    assert "card.json" in zipfile.ZipFile(tmp_path / "anomaly.zip").namelist()
    kept("models", "remove", 1)
    assert [m["number"] for m in json.loads(kept("models", "--json").stdout)] == [2]


def test_settings_are_given_by_key_and_value_and_a_kind_without_training_has_its_limit(
    kept: Run,
) -> None:
    said = kept("train", "pump-1", "--kind", "novelty", "--set", "averages=[1,10]").stdout
    assert "It goes on learning from the machine's own samples." in said
    assert "standard deviations above the usual distance" in said
    deep = ("train", "pump-1", "--kind", "autoencoder", "--role", "none", "--json")
    quick = ("--set", "samples=8", "--set", "units=6", "--set", "training.epochs=2")
    job = json.loads(kept(*deep, *quick, "--set", "activation=relu", "--name", "deep").stdout)
    assert (job["name"], job["state"]) == ("deep", "done")
    assert job["report"]["data"].endswith("2 epochs.")


def test_a_setting_that_is_none_is_refused_in_a_sentence(kept: Run) -> None:
    for word, says in (
        ("window_s", "write KEY=VALUE, e.g. --set window_s=30"),
        ("=3", "write KEY=VALUE"),
        ("window_s=1e300", "settings of 'normal': Expected `float` <= 2592000"),
        ("window=3", "unknown field `window`"),
        ("window_s.a=3", "Expected `float`, got `object`"),
    ):
        failed = kept("train", "pump-1", "--set", word, check=False)
        assert failed.returncode != 0
        assert says in " ".join(failed.stderr.split())


def test_a_forecast_needs_hours_and_says_so(kept: Run) -> None:
    wish = ("train", "pump-1", "--kind", "forecast", "--set", "horizon_s=60")
    failed = kept(*wish, "--set", "channel=flow_l_min", check=False)
    assert "0.2 h of normal operation; to tell 60 s ahead" in failed.stderr
    failed = kept(*wish, check=False)
    assert "missing required field `channel`" in failed.stderr


def test_what_cannot_be_learnt_ends_in_a_sentence(kept: Run) -> None:
    failed = kept("train", "pump-1", "--input", "vibration_mm", check=False)
    assert failed.returncode == 1
    assert "pump-1 has no channel 'vibration_mm'. Did you mean 'vibration_mm_s'?" in failed.stderr
    failed = kept("models", "change", "promote", "pump-1", check=False)
    assert failed.returncode == 1
    assert "pump-1 has no shadow of 'anomaly'" in failed.stderr
