"""What a browser complains of beside what a test looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

HARMLESS = ("Service Worker registration blocked by Playwright",)  # tests that need none block it


@dataclass(slots=True)
class Watch:
    """Console errors, page errors, refused or failed requests and requests to other hosts."""

    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, *parts: str) -> None:
        """Expect complaints that hold one of these, such as a refusal that is being tested."""
        self.allowed += parts

    def follow(self, context: BrowserContext, url: str) -> None:
        host = urlsplit(url).netloc

        def on_request(request: Request) -> None:
            at = urlsplit(request.url)
            if at.scheme not in {"data", "blob"} and at.netloc != host:
                self.complaints.append(f"asked another host: {request.url}")

        def on_failed(request: Request) -> None:
            # A request that a newer one replaced is given up by the page itself.
            if "ERR_ABORTED" not in (request.failure or ""):
                self.complaints.append(f"failed: {request.method} {request.url} {request.failure}")

        def on_answer(answer: Response) -> None:
            if answer.status >= 400:
                self.complaints.append(f"answered {answer.status}: {answer.url}")

        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(f"console: {message.text}")

        def on_page(page: Page) -> None:
            page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))

        context.on("request", on_request)
        context.on("requestfailed", on_failed)
        context.on("response", on_answer)
        context.on("console", on_console)
        context.on("page", on_page)

    def check(self) -> None:
        expected = (*HARMLESS, *self.allowed)
        rest = [one for one in self.complaints if not any(part in one for part in expected)]
        assert not rest, rest
