"""The built page: its files, and its shell for every address that is a page's own."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from telltale.api.context import context_of
from telltale.api.problems import ApiError

SHELL = "index.html"
NOT_BUILT = (
    "The page is not built. Run `make clean`, then `make demo` in the project's folder, or "
    "install a wheel, which brings it. The API works without it; see /docs.\n"
)
FOREVER = "public, max-age=31536000, immutable"  # names in assets/ carry their content's hash
ASK_AGAIN = "no-cache"  # kept, but checked: a new release shows at once
NOT_PAGES = ("api/", "metrics", "healthz", "readyz", "openapi.json", "docs")


async def page(request: Request) -> Response:
    """Return a file of the bundle, or the shell when the address has no file ending."""
    folder = context_of(request).web
    path = str(request.path_params.get("page", ""))
    if path.startswith(NOT_PAGES):
        raise ApiError(404, f"There is nothing at /{path}. All routes are listed at /docs.")
    file = _inside(folder, path)
    if file is not None:
        cache = FOREVER if path.startswith("assets/") else ASK_AGAIN
        return FileResponse(file, headers={"Cache-Control": cache})
    if "." in path.rpartition("/")[2]:
        raise ApiError(404, f"There is no file at /{path}.")
    shell = folder / SHELL
    if not shell.is_file():
        return PlainTextResponse(NOT_BUILT, 503 if path else 200)
    return FileResponse(shell, headers={"Cache-Control": ASK_AGAIN})


def _inside(folder: Path, path: str) -> Path | None:
    """Return the file of this path if it lies in the folder, links resolved."""
    if not path or "\0" in path:
        return None
    root = folder.resolve()
    file = (root / path).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
