"""Finds an adapter at whatever speed it has, and tells it how to write."""

from __future__ import annotations

from collections.abc import Sequence

from telltale.formats.obd.replies import BANNER
from telltale.sources.obd.adapter import Adapter, AdapterSilentError
from telltale.sources.obd.link import Link
from telltale.sources.obd.trace import Trace

BAUDS = (38_400, 115_200, 9_600, 500_000, 57_600, 230_400)  # the commonest first
ASK_S = 1.0
RESET_S = 2.5  # it takes a second
SETTINGS = ("ATE0", "ATL0", "ATS0", "ATH1", "ATAT1")


async def prepare(adapter: Adapter, setting: str | None = None) -> list[str]:
    """Tell an adapter how to write, after it was reset; `setting` chooses the bus again.

    What it does not know is returned, and left: the parser takes echo, spaces and missing headers.
    """
    adapter.asked_at = ""
    bus = () if setting is None else (f"ATSP{setting}",)
    return [c for c in (*SETTINGS, *bus) if not (await adapter.command(c)).is_ok]


async def find_adapter(
    link: Link, bauds: Sequence[int], trace: Trace
) -> tuple[Adapter, int | None]:
    """Open the link at each speed until something answers like an ELM327."""
    speeds: Sequence[int | None] = bauds if link.has_baud else (None,)
    for baud in speeds:
        await link.open(baud)
        adapter = Adapter(link, listener=trace.listener)
        at = f" at {baud} baud" if baud else ""
        name = await _awake(adapter)
        if name is not None:
            trace.step(f"adapter on {link.address}{at}", name)
            return adapter, baud
        trace.step(f"adapter on {link.address}{at}", "no answer that could be read")
        await link.close()
    tried = f" at {', '.join(map(str, bauds))} baud" if link.has_baud else ""
    raise AdapterSilentError(
        f"{link.address}: nothing answers like an ELM327{tried}. "
        "Is it the adapter's port, and does its lamp burn?"
    )


async def _awake(adapter: Adapter) -> str | None:
    """Return what the adapter calls itself, and reset it; None if it cannot be understood."""
    for command, wait_s in (("ATI", ASK_S), ("ATZ", RESET_S)):
        try:
            reply = await adapter.command(command, wait_s)
        except AdapterSilentError:
            continue
        named = [text for text in reply.texts if BANNER.search(text)]
        if named or reply.is_ok:
            await _reset(adapter)
            return named[-1] if named else "an adapter without a name"
    return None


async def _reset(adapter: Adapter) -> None:
    """Let an adapter forget what others told it; one that hangs on a reset is set to defaults."""
    for command in ("ATZ", "ATD"):
        try:
            await adapter.command(command, RESET_S)
        except AdapterSilentError:
            continue
        return
