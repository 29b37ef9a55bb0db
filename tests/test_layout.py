"""The layout shows the data's way: imports point one way, and start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import telltale

SOURCE = Path(telltale.__file__).parent
FLOOR = {"batch", "errors", "events", "labels", "rate", "registry", "sql_text", "units"}
FLOOR |= {"mqtt_session"}  # of a source and of a sink
LAYERS = (  # a file may import files of its own part, and of the layers before its own
    FLOOR,
    {"profiles", "formats"},
    {"models", "pipeline", "simulators", "sinks", "sources", "store", "stream"},
    {"runtime"},
    {"api"},
    {"cli"},
    {"__main__"},
)
ALSO = {  # part -> a neighbour whose implementations it may use, because that is its job
    ("sources", "simulators"),  # the simulator source plays a simulator
    ("sinks", "sources"),  # settings of both are checked alike
    ("models", "pipeline"),  # what a model works out of its inputs are the pipeline's metrics
}
VALUES = {"telltale.profiles.schema", "telltale.models.card"}  # what parts hand to one another
ANYWHERE = {"telltale.pipeline.metrics"}  # a table of strings, read to check a profile's metrics
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
FILES = sorted(SOURCE.rglob("*.py"))


def part_of(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name.startswith("telltale.")}


def is_allowed(importer: str, module: str) -> bool:
    imported = module.split(".")[1]
    if imported == importer or module in ANYWHERE or (importer, imported) in ALSO:
        return True
    if RANK[imported] == RANK[importer]:
        return imported in FLOOR or module.endswith(".base") or module in VALUES
    return RANK[imported] < RANK[importer]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    importer = part_of(path)
    if importer == "__init__":
        assert not imported_modules(path)
        return
    assert importer in RANK, f"{importer} has no place in LAYERS"
    wrong = [module for module in imported_modules(path) if not is_allowed(importer, module)]
    assert not wrong, f"{importer} must not import {', '.join(wrong)}"


def test_every_file_says_in_its_first_line_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(SOURCE))
        for path in FILES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_help_loads_neither_numpy_nor_the_web_framework_nor_rich() -> None:
    program = (
        "import sys, telltale.cli.main as m\n"
        "from click.testing import CliRunner\n"
        "assert 'import' in CliRunner().invoke(m.cli, ['--help']).output\n"
        "heavy = {'numpy', 'fastapi', 'uvicorn', 'rich', 'sqlalchemy', 'pint', 'duckdb'}\n"
        "heavy |= {'msgspec'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
