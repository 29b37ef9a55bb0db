"""The load tool: its numbers are those of readings that a real server has kept."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_bench_measures_every_way_in_and_counts_what_is_kept(run: Run) -> None:
    answer = json.loads(run("bench", "--quick", "--json").stdout)
    json_rows, json_columns, single, udp = answer["measured"]
    for pushed in (json_rows, json_columns):
        assert pushed["rows"] == 40_000
        assert pushed["rows_per_s"] > 500
    for delayed in (json_rows, json_columns, single):
        assert 0.0 < delayed["delay_p50_ms"] <= delayed["delay_p99_ms"]
    assert udp["rows"] > 0
    assert udp["rows"] + udp["lost"] == 20_000
    assert udp["rows_per_s"] > 500


def test_bench_prints_a_table_and_touches_no_data_folder(run: Run, data: Path) -> None:
    printed = run("bench", "--quick").stdout
    assert not data.exists()
    assert "UDP, one reading a datagram" in printed
    assert "rows/s" in printed
