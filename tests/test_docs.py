"""The documentation is true: what it tells to run runs, what it points at is there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs_pages import ROOT, Reader, blocks

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
RUN = [p for p in PAGES if any(b.info.startswith(("sh", "python")) for b in blocks(p))]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    somebody = Reader(tmp_path / "here")
    yield somebody
    somebody.leave()


@pytest.mark.parametrize("page", RUN, ids=named)
def test_everything_that_a_page_tells_to_run_runs_and_prints_what_it_promises(
    page: Path, reader: Reader
) -> None:
    for block in blocks(page):
        reader.follow(block)
