"""Writes constraints/py311.txt and py313.txt: the exact versions `make` installs, no addresses.

Usage: python scripts/lock.py python3.11 python3.13
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = "# Exact versions for Python {version}, made by scripts/lock.py. No addresses in here.\n"


# What `make` installs of the extras.
LOCKED = ("archive", "models", "train", "vehicle", "mqtt", "industrial", "dev")


def wanted() -> list[str]:
    """Return every requirement of telltale and of the extras that `make` installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(item for name in LOCKED for item in extras[name])]


def resolve(python: str) -> dict[str, str]:
    """Return package to version, as pip of that Python resolves them; installs nothing."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--report", str(report), *wanted()], check=True)
        items = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in items}


def main(pythons: list[str]) -> int:
    """Lock for each Python named on the command line."""
    if not pythons:
        print(__doc__)
        return 2
    for python in pythons:
        show = "import sys; print(*sys.version_info[:2], sep='.')"
        asked = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True)
        version = asked.stdout.strip()
        lines = [f"{name}=={number}\n" for name, number in sorted(resolve(python).items())]
        path = ROOT / "constraints" / f"py{version.replace('.', '')}.txt"
        path.write_text(HEAD.format(version=version) + "".join(lines), encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(lines)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
