"""Options and settings that every test shares."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "quick", max_examples=25, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("long", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"  # real logs, not in a clone
LARGE = ("tensorflow",)  # too much to ask of everybody: its tests run where it is


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the nightly forms")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, rather than skip, what is not for this run: a skip in CI is then always a gap."""
    unwanted = {name for name in LARGE if importlib.util.find_spec(name) is None}
    if not SHARED.is_dir():
        unwanted.add("shared_data")
    if not config.getoption("--long"):
        unwanted.add("long")
    config.hook.pytest_deselected(items=[one for one in items if unwanted & set(one.keywords)])
    items[:] = [one for one in items if not unwanted & set(one.keywords)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip is a gap: whatever the tests need, `.ci/run` installs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("CI: something was skipped that should have run.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
