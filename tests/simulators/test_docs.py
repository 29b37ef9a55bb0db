"""The reference page names every simulator, scenario and fault, with its real onset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telltale.simulators import SIMULATORS, make_simulator

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "simulators.md"


def sections() -> dict[str, str]:
    parts = PAGE.read_text(encoding="utf-8").split("\n## `")[1:]
    return {part.split("`")[0]: part for part in parts}


def test_the_page_has_a_heading_for_each_simulator_and_no_other() -> None:
    assert set(sections()) == set(SIMULATORS)


@pytest.mark.parametrize("name", SIMULATORS)
def test_scenarios_and_faults_are_described(name: str) -> None:
    simulator = make_simulator(name, np.random.default_rng(0))
    section = sections()[name]
    told = next(line for line in section.splitlines() if line.startswith("Scenarios:"))
    assert all(f"`{scenario}`" in told for scenario in simulator.scenarios)
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    onsets = {row.split("`")[1]: row.rsplit("|", 2)[1].strip() for row in rows}
    assert onsets == {fault.name: f"{fault.onset_s:g} s" for fault in simulator.faults}
