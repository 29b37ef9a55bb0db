"""The documentation is true: what it tells to run runs, what it points at is there."""

from __future__ import annotations

import importlib.util
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from telltale.cli.main import COMMANDS, cli
from telltale.events import EventKind, Level
from tests.docs_pages import ROOT, Reader, blocks

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
RUN = [p for p in PAGES if any(b.info.startswith(("sh", "python")) for b in blocks(p))]
MAX_EXAMPLE_BYTES = 100_000
FEATURES = [line for line in (DOCS / "features.md").read_text().splitlines() if line[2:3].isdigit()]


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


def test_a_promise_that_is_not_kept_is_found(tmp_path: Path, reader: Reader) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\necho one two\n```\n\n```text\none ... three\n```\n")
    with pytest.raises(AssertionError, match="line 1 promises"):
        reader.follow(blocks(page)[0])
    page.write_text("```sh\nfalse\n```\n")
    with pytest.raises(AssertionError, match="line 1"):
        reader.follow(blocks(page)[0])


def test_tutorials_and_how_tos_all_tell_something_to_run() -> None:
    pages = {p for p in PAGES if p.parent.name in ("tutorials", "how-to")}
    assert len(pages) >= 12
    assert pages <= set(RUN)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors(there), f"{target}: no such heading"


def anchors(page: Path) -> set[str]:
    """Return the addresses of a page's headings, as web sites for code make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_can_be_found_from_the_index() -> None:
    index = (DOCS / "README.md").read_text() + (DOCS / "adr/0001-record-decisions.md").read_text()
    lost = [named(p) for p in DOCS.rglob("*.md") if p.name != "README.md" and p.name not in index]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_names_the_machine_on_which_it_was_written(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"(?<![\w.])/(work|home|Users|root|tmp)/", text)
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)


def commands() -> dict[str, click.Command]:
    """Return every command and sub-command by what is typed."""
    context = click.Context(cli)
    found: dict[str, click.Command] = {}

    def walk(typed: str, command: click.Command) -> None:
        found[typed] = command
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                walk(f"{typed} {name}", inner)

    for name in COMMANDS:
        if importlib.util.find_spec(COMMANDS[name][0].partition(":")[0]) is None:
            continue
        command = cli.get_command(context, name)
        assert command is not None
        walk(name, command)
    return found


def test_every_command_has_its_heading_with_its_options_and_arguments() -> None:
    parts = (DOCS / "reference/cli.md").read_text().split("\n## `telltale ")[1:]
    sections = {part.partition("`")[0]: part for part in parts}
    known = commands()
    assert set(sections) == set(known)
    for typed, command in known.items():
        told = set(re.findall(r"^\| `(--[\w-]+)`", sections[typed], re.MULTILINE))
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert told == {option.opts[0] for option in options}, typed
        usage = sections[typed].split("\n")[2]
        arguments = [p.name or "" for p in command.params if isinstance(p, click.Argument)]
        assert all(name.upper() in usage for name in arguments), typed


def test_defaults_of_options_are_told() -> None:
    page = (DOCS / "reference/cli.md").read_text()
    for option in (p for command in commands().values() for p in command.params):
        default = option.default
        is_valued = isinstance(option, click.Option) and not option.is_flag
        if is_valued and isinstance(default, str | int | float | Path):
            assert f"| `{option.opts[0]}` | `{default}` |" in page


def test_every_kind_and_level_of_event_is_explained() -> None:
    page = (DOCS / "reference/events.md").read_text()
    for word in (*EventKind, *Level):
        assert f"\n| `{word}` |" in page


def test_the_features_are_numbered_without_a_gap() -> None:
    numbers = [int(line.split("|")[1]) for line in FEATURES]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 120


@pytest.mark.parametrize("row", FEATURES, ids=lambda row: row.split("|")[1].strip())
def test_a_feature_says_how_far_it_is_and_names_tests_that_exist(row: str) -> None:
    _, _, _, state, tests, _ = row.split("|")
    assert re.match(r" (done|partly: .+|planned: parts? [1-7])", state), state
    cited = re.findall(r"`([\w/]+\.py)::(\w+)`", tests)
    assert cited or not state.strip().startswith("done"), "done, but nothing proves it"
    for file, name in cited:
        assert re.search(rf"def {name}\(", (ROOT / "tests" / file).read_text()), f"{file}::{name}"


def test_the_examples_are_what_their_program_writes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_logs", ROOT / "examples/make_logs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    logs = sorted((ROOT / "examples").glob("*.csv"))
    assert {log.stem for log in logs} == {"focus_st_drive", "gr_cup_telemetry", "compressor"}
    for log in logs:
        assert log.stat().st_size < MAX_EXAMPLE_BYTES
        getattr(module, log.stem)(tmp_path / log.name)
        assert (tmp_path / log.name).read_bytes() == log.read_bytes()
