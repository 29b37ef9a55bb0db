"""The server ends when it is asked to, in order."""

from __future__ import annotations

import signal

import uvicorn

from telltale.api.web_server import stopped_by_signals


async def _app(*_: object) -> None:
    """Stand for an app that is never asked."""


def test_a_second_ctrl_c_does_not_cut_the_end_short() -> None:
    server = uvicorn.Server(uvicorn.Config(_app, log_config=None))
    before = signal.getsignal(signal.SIGINT)
    with stopped_by_signals(server):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert (server.should_exit, server.force_exit) == (True, False)
    assert signal.getsignal(signal.SIGINT) is before
