"""Runs every judge script and writes docs/reference/quality.md: ours beside the published numbers.

Usage: python benchmarks/quality [NAME ...]    (with names: only those, and nothing is written)
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "reference" / "quality.md"
LONGEST_S = 1800.0


@dataclass(frozen=True, slots=True)
class Judge:
    """One script, and what its numbers are to be compared with.

    Attributes:
        name: The script.
        what: What is judged, and by which protocol.
        published: Best published or naive numbers known to us.
        asked: What telltale aims at on the share of the set that may be tuned on.
        keys: Which of the script's numbers are shown.
    """

    name: str
    what: str
    published: str
    asked: str
    keys: tuple[str, ...]


JUDGES = (
    Judge(
        "skab",
        "pump testbed, alarm per row, fit on each file's first 400 rows, no point adjustment",
        "Conv-AE F1 0.797 (not causal), MSET 0.785",
        "F1 0.84 at a false-alarm rate of 18 %",
        ("f1", "far", "mar", "events_found"),
    ),
    Judge(
        "cmapss",
        "turbofan FD001 (simulated), remaining life at the last row of each test unit",
        "DCNN 12.61; later 10.43 to 10.68",
        "RMSE 11.8 uncapped, 90 % interval covers 0.87 to 0.95",
        ("rmse", "rmse_capped", "score", "coverage_90"),
    ),
    Judge(
        "carobd",
        "noise injected into a car's coolant sensor at 18, 8 and 0 dB, F2",
        "idle 0.960, 0.949, 1.000; motion 0.989, 0.989, 0.986",
        "idle 0.99; motion 0.985, 0.995, 0.997; no alarm on healthy trips",
        ("f2_idle", "f2_motion", "alarms_per_hour"),
    ),
    Judge(
        "carobd_faults",
        "coolant sensor stuck, or off by 10 degC, found within 120 s",
        "none",
        "0.95 found",
        ("found_share", "alarms_per_hour"),
    ),
    Judge(
        "kit_coolant",
        "coolant temperature 60 s ahead, trips never learnt from, degC",
        "persistence 1.97",
        "0.75",
        ("mae", "mae_persistence", "worst_trip_excess"),
    ),
    Judge(
        "ai4i",
        "milling machine (synthetic), failure and its mode",
        "F1 0.895, macro F1 0.608",
        "F1 0.90, macro F1 0.66",
        ("f1", "macro_f1"),
    ),
    Judge(
        "gearbox",
        "broken tooth, one class, loads never learnt from, ROC-AUC",
        "0.940 (300 samples), 0.995 (1,000)",
        "0.999; envelope bands alone 0.95",
        ("auc_300", "auc_1000", "auc_envelope"),
    ),
    Judge(
        "cwru",
        "bearing part, other bearings than any that was tuned on, macro AUROC",
        "learnt models fall to 0.35 to 0.59 on unseen bearings",
        "0.98 without learning from faults",
        ("macro_auroc", "unclear_share"),
    ),
    Judge(
        "femto",
        "bearings run to failure, the challenge's score; leave one bearing out on the share",
        "winners about 0.31, later 0.4 to 0.6 (from memory)",
        "above a degradation-path baseline",
        ("score", "errors"),
    ),
    Judge(
        "hydraulic",
        "condition of four components from process sensors at 1 Hz",
        "none at 1 Hz",
        "both splits reported",
        ("macro", "macro_blocked"),
    ),
    Judge(
        "nab",
        "streaming anomalies of one value, one pass, at most three free parameters",
        "Numenta HTM 64.0, random cut forest 52.3 on this share",
        "64",
        ("standard", "low_fp"),
    ),
    Judge(
        "smap_msl",
        "spacecraft telemetry, VUS-PR; events by overlap",
        "KMeansAD 0.435 (MSL), 0.380 (SMAP)",
        "0.45, 0.40",
        ("vus_pr", "event_precision", "event_recall"),
    ),
)

HEAD = """# Prediction quality

How well the product's own code does on real public data, beside published numbers. Each number
comes from a script in `benchmarks/quality/` that feeds the data in order through the classes that
run live, learns only from what the set's protocol allows, and prints its result;
`make bench-quality` runs them all and writes this page. The data are not part of telltale:
`--data` names the folder that is judged, `--train` the one that is learnt from.

All settings were chosen on the same share of each set that is judged here, by cross-validation
where the protocol has no split of its own. Numbers on other files of these sets may be lower.
`cmapss` and `ai4i` are simulated or synthetic.
"""


def run(judge: Judge) -> dict[str, Any]:
    """Run one script and return what it printed last."""
    done = subprocess.run(
        [sys.executable, str(HERE / f"{judge.name}.py"), "--json"],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError(f"{judge.name}: {done.stderr.strip().splitlines()[-1:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def shown(value: object) -> str:
    """Return a number, or a table of numbers, as the page shows it."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(shown(inner) for inner in value)
    return str(value)


def section(judge: Judge, result: dict[str, Any]) -> str:
    """Return the page's part about one set."""
    ours = [f"| {key} | {shown(result[key])} |" for key in judge.keys if key in result]
    notes = [f"\n{result[key]}" for key in ("protocol", "note") if key in result]
    return "\n".join(
        [
            f"\n## {judge.name}\n",
            f"{judge.what[0].upper()}{judge.what[1:]}.\n",
            "| what | number |",
            "|---|---|",
            *ours,
            f"| published | {judge.published} |",
            f"| asked | {judge.asked} |",
            f"| seconds | {shown(result['seconds'])} |",
            *notes,
        ]
    )


def main(names: list[str]) -> int:
    """Run the scripts of these names, or all of them and write the page."""
    unknown = set(names) - {judge.name for judge in JUDGES}
    if unknown:
        print(f"No judge named {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    parts = []
    for judge in JUDGES:
        if names and judge.name not in names:
            continue
        result = run(judge)
        print(json.dumps({"judge": judge.name, **result}), flush=True)
        parts.append(section(judge, result))
    if not names:
        when = f"{datetime.now(UTC):%Y-%m-%d}"
        where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}"
        PAGE.write_text("\n".join([HEAD, f"Measured {when}: {where}.", *parts, ""]))
        print(f"Wrote {PAGE.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
