"""Runs every judge script and writes docs/reference/quality.md: ours beside the published numbers.

Usage: python benchmarks/quality [NAME ...]    (with names: only those, and nothing is written)
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tomllib
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
        note: What one must know to read them.
    """

    name: str
    what: str
    published: str
    asked: str
    keys: tuple[str, ...]
    note: str = ""


JUDGES = tuple(
    Judge(name, **{**told, "keys": tuple(told["keys"])})
    for name, told in tomllib.loads((HERE / "judges.toml").read_text(encoding="utf-8")).items()
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
    told = [str(result["protocol"])] if "protocol" in result else []
    notes = [f"\n{text[0].upper()}{text[1:].rstrip('.')}." for text in (*told, judge.note) if text]
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
        write(parts)
    return 0


def write(parts: list[str]) -> None:
    """Write the page."""
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}"
    PAGE.write_text("\n".join([HEAD, f"Measured {when}: {where}.", *parts, ""]))
    print(f"Wrote {PAGE.name}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
