"""The reference page names every defect, and every key of the status."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from telltale.simulators.elm327_defects import Defects
from tests.doubles import Collector
from tests.elm import plugged_in
from tests.sources.obd.test_source import car

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "obd.md").read_text(encoding="utf-8")


def named(section: str) -> set[str]:
    """Return the words in code in the first cells of a section's table."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}


def test_every_defect_is_described_and_no_other() -> None:
    assert named("A simulated adapter") == {field.name for field in fields(Defects)}


async def test_every_key_of_the_status_is_described_and_no_other() -> None:
    async with plugged_in() as (_, address):
        source = car(address)
        async with Collector(source) as taken:
            await taken.until_rows(1)
            keys = set(source.status.details)
    assert named("Status") == keys | {"why"}
