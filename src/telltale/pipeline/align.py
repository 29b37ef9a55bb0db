"""Step "align": takes out late samples, and fills gaps forward for the steps that follow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import msgspec
import numpy as np

from telltale.batch import Batch
from telltale.pipeline.base import Result
from telltale.pipeline.fill import ForwardFill, combined
from telltale.pipeline.repeats import last_row
from telltale.profiles.schema import Profile


class AlignState(msgspec.Struct, frozen=True):
    """What was measured last. The default means nothing seen yet.

    Attributes:
        newest_ns: Newest sample time of the machine.
        last: Time and value of each followed channel's last measured sample.
        newest: What was measured at the newest sample.
    """

    newest_ns: int | None = None
    last: dict[str, tuple[int, float]] = {}
    newest: dict[str, float] = {}


class Align:
    """Late samples out, short gaps filled.

    A sample is late if it is older than the newest one before it; an equal time is not, so that
    rows of one time may be cut apart. Only channels that a metric or a model combines with others,
    or that a limit's `when` asks for, are filled, each as far as its `fill_s` reaches.
    """

    name = "align"

    def __init__(self, profile: Profile, also: Collection[str] = ()) -> None:
        wanted = combined(profile).union(also)
        channels = [name for name in profile.channels if name in wanted]
        self._fill = ForwardFill(channels, [profile.fill_reach_s(name) for name in channels])

    def start(self) -> AlignState:
        """Return the state before the first sample."""
        return AlignState()

    def run(self, result: Result, state: AlignState) -> tuple[Result, AlignState]:
        """Split late samples off, and give `aligned` and `filled` for the rest."""
        batch, late = _split(result.batch, state.newest_ns)
        if not len(batch):
            return replace(result, batch=batch, late=late), state
        newest_ns, newest = int(batch.time_ns[-1]), last_row(batch)
        if not self._fill.names:
            return replace(result, batch=batch, late=late), AlignState(
                newest_ns, state.last, newest
            )
        done = self._fill.run_columns(batch.time_ns, batch.columns, state.last)
        return (
            replace(result, batch=batch, filled=done.filled, late=late, aligned=done.columns),
            AlignState(newest_ns, done.last, newest),
        )

    def pack(self, state: AlignState) -> AlignState:
        """Return the state: last samples stay true whatever the profile says."""
        return state

    def unpack(self, packed: msgspec.Raw) -> AlignState:
        """Return the packed state."""
        try:
            return msgspec.msgpack.decode(packed, type=AlignState)
        except msgspec.MsgspecError:
            return self.start()


def _split(batch: Batch, newest_ns: int | None) -> tuple[Batch, Batch | None]:
    """Return the samples on time, and those older than the newest."""
    if newest_ns is None or not len(batch) or int(batch.time_ns[0]) >= newest_ns:
        return batch, None
    first = int(np.searchsorted(batch.time_ns, newest_ns))
    return batch.rows(first, len(batch)), batch.rows(0, first)
