"""Says which browser the browser tests will drive, or how to get one (exit code 1)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the path of a Chromium: TELLTALE_BROWSER, the path's, or Playwright's own."""
    named = os.environ.get("TELLTALE_BROWSER")
    if named:
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and seldom needed

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> int:
    """Look for a browser; try Playwright's download once; explain if that fails too."""
    browser = find_browser()
    if browser is None:
        print("No Chromium on this machine; trying Playwright's own ...", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        browser = find_browser()
    if browser is None:
        print(
            "The browser tests need Chromium and there is none. On Debian or Ubuntu:\n"
            "  sudo apt-get install chromium\n"
            "or set TELLTALE_BROWSER to the path of a Chromium or Chrome.",
            file=sys.stderr,
        )
        return 1
    print(f"Browser tests drive {browser}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
