"""Runs sources: opens them, takes what they give, retries for ever and says why."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import structlog

from telltale.errors import (
    ProfileError,
    SettingsError,
    SourceUnavailableError,
    StoreBusyError,
    StoreError,
    TelltaleError,
)
from telltale.formats.base import Decoded
from telltale.registry import suggest
from telltale.runtime.receipt import undecoded
from telltale.sources.base import Acknowledging, Source, SourceState, SourceStatus

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

log = structlog.get_logger(__name__)

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
STEADY_S = 5.0  # what held for so long is tried at once when it is lost; else ever more slowly
TELL_REFUSED_S = 10.0  # a feed that invents machines must not fill the log


@dataclass(slots=True)
class Feed:
    """One running source and the task that drives it.

    Attributes:
        is_lost: It could not be opened since.
        told_s: When it was last said that its readings are refused, by the loop's clock.
        is_tried: Set once it has been opened, or could not be.
        unsettled: Commits of which the source is to be told; as many as the store has room for.
    """

    source: Source
    profile: str | None
    task: asyncio.Task[None] | None = None
    is_lost: bool = False
    told_s: float = -TELL_REFUSED_S
    is_tried: asyncio.Event = field(default_factory=asyncio.Event)
    unsettled: set[asyncio.Future[list[int | BaseException]]] = field(default_factory=set)


class Feeds:
    """All running sources of one runtime, by name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._feeds: dict[str, Feed] = {}

    def add(self, source: Source, *, profile: str | None = None) -> None:
        """Start a source. Raises TelltaleError if one of its name runs already."""
        running = self._feeds.get(source.name)
        if running is not None and running.task is not None and not running.task.done():
            raise TelltaleError(
                f"A source named {source.name!r} is running. Stop it first, or use another name."
            )
        feed = Feed(source, profile)
        feed.task = asyncio.create_task(self._run(feed), name=f"telltale-{source.name}")
        self._feeds[source.name] = feed

    def all(self) -> list[Source]:
        """Return all sources, those that ended included, by name."""
        return [self._feeds[name].source for name in sorted(self._feeds)]

    def get(self, name: str) -> Source:
        """Return one source. Raises TelltaleError naming the nearest."""
        try:
            return self._feeds[name].source
        except KeyError:
            raise TelltaleError(f"No source named {name!r}. {suggest(name, self._feeds)}") from None

    async def tried(self, name: str) -> None:
        """Wait until a source has been opened, or could not be."""
        await self._feeds[name].is_tried.wait()

    async def join(self, name: str) -> None:
        """Wait until a source has ended and everything it gave is taken."""
        task = self._feeds[name].task
        if task is not None:
            await task

    async def remove(self, name: str) -> None:
        """Stop one source and forget it."""
        self.get(name)
        await self._stop(self._feeds.pop(name))

    async def stop(self) -> None:
        """Stop all sources."""
        feeds, self._feeds = list(self._feeds.values()), {}
        await asyncio.gather(*(self._stop(feed) for feed in feeds))

    async def _stop(self, feed: Feed) -> None:
        if feed.task is not None:
            feed.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feed.task
        if feed.unsettled:  # what was taken over is acknowledged, or it would come again
            await asyncio.wait(feed.unsettled, timeout=STEADY_S)
            await asyncio.sleep(0)
        await feed.source.close()

    async def _run(self, feed: Feed) -> None:
        """Drive one source until it ends; a lost one is opened again, more and more slowly."""
        source, retry_s = feed.source, FIRST_RETRY_S
        loop = asyncio.get_running_loop()
        opened_s = loop.time()
        while True:
            try:
                await source.open()
                opened_s = loop.time()
                feed.is_tried.set()
                if feed.is_lost:
                    log.info("source_back", source=source.name)
                feed.is_lost = False
                await self._take_all(feed)
            except SourceUnavailableError as error:
                if not feed.is_lost:
                    log.warning("source_lost", source=source.name, error=str(error))
                if not feed.is_lost and loop.time() - opened_s > STEADY_S:
                    retry_s = FIRST_RETRY_S
                feed.is_lost = True
                feed.is_tried.set()
                await source.close()  # before the state: closing says that it is closed
                source.status.state = SourceState.WAITING
                source.status.detail = f"{error} Next try in {retry_s:.0f} s."
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
                continue
            except Exception as error:
                # A fault in one source must not take the others along.
                is_told = isinstance(error, TelltaleError)  # says itself what to mend, and where
                log.exception(
                    "source_failed", source=source.name, error=str(error), exc_info=not is_told
                )
                source.status.detail = f"Stopped by a fault: {error}"
            feed.is_tried.set()
            await source.close()
            source.status.state = SourceState.ENDED
            return

    async def _take_all(self, feed: Feed) -> None:
        """Hand everything a source gives to the runtime; a full store slows the source down.

        Returns when the last of it is committed: whoever sees that a replay has ended may ask.
        """
        last: Future[int] | None = None
        async for decoded in feed.source.batches():
            await asyncio.sleep(0)  # a source that always has more must not hold up the others
            await self._runtime.store.room()
            futures = await self._take(feed, decoded)
            _settle_when_done(feed, decoded, futures)
            last = futures[-1] if futures else last
        if last is not None:
            with contextlib.suppress(StoreError):  # counted by then
                await asyncio.shield(asyncio.wrap_future(last))

    async def _take(self, feed: Feed, decoded: Decoded) -> list[Future[int]] | None:
        """Hand one input to the runtime; None if it could not be kept, and may come again."""
        status = feed.source.status
        try:
            receipts, futures = await self._runtime.submit(
                decoded,
                profile=feed.profile,
                simulated=feed.source.simulated,
                source=feed.source.name,
                is_live=feed.source.is_live,
            )
        except StoreBusyError:
            status.dropped += 0 if isinstance(feed.source, Acknowledging) else decoded.rows
            return None
        except StoreError as error:
            log.warning("source_not_kept", source=feed.source.name, error=str(error))
            return None
        except (ProfileError, SettingsError) as error:  # of a machine that cannot be registered
            status.rejected += decoded.rows
            self._tell_refused(feed, error)
            return []
        told = receipts or [undecoded("", decoded)]
        status.refuse(chain.from_iterable(one.reasons for one in told))
        taken = [receipt.accepted for receipt in receipts if receipt.accepted]
        if not isinstance(feed.source, Acknowledging):  # what could not be kept is lost
            for rows, future in zip(taken, futures, strict=True):
                future.add_done_callback(partial(_count_lost, status, rows))
        return futures

    def _tell_refused(self, feed: Feed, error: TelltaleError) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - feed.told_s > TELL_REFUSED_S:
            feed.told_s = now_s
            log.warning("source_refused", source=feed.source.name, error=str(error))


def _count_lost(status: SourceStatus, rows: int, done: Future[int]) -> None:
    """Count readings that could not be kept: a feed without answers is told nowhere else."""
    if done.exception() is not None:
        status.dropped += rows


def _settle_when_done(feed: Feed, decoded: Decoded, futures: list[Future[int]] | None) -> None:
    """Tell a source that waits for it what became of an input, once that is known."""
    source = feed.source
    if not isinstance(source, Acknowledging):
        return
    if not futures:
        source.settle(decoded, is_kept=futures is not None)
        return

    def ended(done: asyncio.Future[list[int | BaseException]]) -> None:
        feed.unsettled.discard(done)
        if not done.cancelled():
            is_kept = not any(isinstance(one, BaseException) for one in done.result())
            source.settle(decoded, is_kept=is_kept)

    commits = (asyncio.wrap_future(future) for future in futures)
    both = asyncio.gather(*commits, return_exceptions=True)
    feed.unsettled.add(both)
    both.add_done_callback(ended)
