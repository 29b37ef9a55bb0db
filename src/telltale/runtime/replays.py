"""`Replays`: recordings from the store played again as a machine of their own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from telltale.errors import SettingsError, TelltaleError
from telltale.registry import suggest
from telltale.sources.base import SourceState
from telltale.sources.recording import RangeRecording
from telltale.sources.replay import ReplaySource
from telltale.store.base import RangeQuery

if TYPE_CHECKING:
    from telltale.batch import Batch
    from telltale.runtime.core import Runtime

MAX_REPLAYS = 50  # running and ended; the oldest ended one makes room


class UnknownReplayError(TelltaleError):
    """No replay has this id."""


class ReplayView(msgspec.Struct, frozen=True):
    """One replay. `state` as in `SourceState`; times are those of the recording."""

    id: str
    title: str
    machine: str
    played_as: str
    state: str
    paused: bool
    loop: bool
    speed: float
    position_s: float
    duration_s: float | None
    start_ns: int
    end_ns: int
    rows: int
    detail: str


@dataclass(slots=True)
class Replay:
    """One replay and what it plays."""

    id: str
    machine: str
    played_as: str
    start_ns: int
    end_ns: int
    source: ReplaySource

    @property
    def has_ended(self) -> bool:
        """True when it will give nothing more."""
        return self.source.status.state is SourceState.ENDED

    def view(self) -> ReplayView:
        """Return it as the API shows it."""
        status = self.source.status
        return ReplayView(
            id=self.id,
            title=self.source.name.partition(":")[2],
            machine=self.machine,
            played_as=self.played_as,
            state=status.state.value,
            paused=status.state is SourceState.PAUSED,
            loop=self.source.loop,
            speed=self.source.speed,
            position_s=round(self.source.position_s, 3),
            duration_s=self.source.duration_s,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            rows=status.rows,
            detail=status.detail,
        )


class Replays:
    """All replays of one runtime, by id."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._replays: dict[str, Replay] = {}
        self._numbers = count(1)

    def all(self) -> list[Replay]:
        """Return all replays, the newest first."""
        return list(reversed(self._replays.values()))

    def get(self, replay: str) -> Replay:
        """Return one replay. Raises UnknownReplayError."""
        try:
            return self._replays[replay]
        except KeyError:
            raise UnknownReplayError(
                f"No replay has the id {replay!r}. {suggest(replay, self._replays)}"
            ) from None

    async def start(
        self,
        machine: str,
        *,
        start_ns: int,
        end_ns: int,
        played_as: str | None = None,
        speed: float = 1.0,
        loop: bool = False,
    ) -> Replay:
        """Play a machine's kept samples, both ends inclusive, as another machine's.

        Raises:
            UnknownMachineError: There is no such machine.
            SettingsError: Nothing was kept in the range, the machine to play it as could take
                none of it or another replay plays into it, or a setting is out of range.
        """
        live = self._runtime.machine(machine)
        target = played_as or f"{machine}-replay"
        if target == machine:
            raise SettingsError(
                f"{machine} cannot be replayed as itself: its own readings would be "
                "overwritten. Give another machine id ('as', or --as)."
            )
        channels = tuple(live.profile.channels)
        there = self._runtime.fleet.find(target)
        if there is not None and not any(map(there.conformer.names.find, channels)):
            raise SettingsError(
                f"{target} is there already, and its profile {there.profile.id!r} knows no channel "
                f"of {machine}: nothing would be kept. Give another machine id ('as', or --as)."
            )
        start_ns, end_ns = await self._held(machine, start_ns, end_ns)
        await self._make_room()
        number = next(self._numbers)

        async def read_range(from_ns: int, stop_ns: int, limit: int) -> Batch:
            query = RangeQuery(machine, from_ns, stop_ns, names=channels, limit=limit)
            return await self._runtime.store.read(query)

        title = f"{machine} {number}"
        source = ReplaySource(
            RangeRecording(title, read_range, start_ns=start_ns, end_ns=end_ns),
            machine=target,
            speed=speed,
            loop=loop,
            simulated=live.machine.simulated,
        )
        await self._runtime.fleet.register(
            target,
            profile=live.machine.profile,
            title=f"{live.machine.title} (replay)",
            simulated=live.machine.simulated,
        )
        self._check_alone(target)
        replay = Replay(str(number), machine, target, start_ns, end_ns, source)
        self._runtime.feeds.add(source, profile=live.machine.profile)
        self._replays[replay.id] = replay
        return replay

    async def remove(self, replay: str) -> None:
        """Stop a replay and forget it; what it gave stays. Raises UnknownReplayError."""
        found = self.get(replay)
        del self._replays[replay]
        await self._runtime.feeds.remove(found.source.name)

    async def _held(self, machine: str, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Return the first and last sample that are kept in the range."""
        ends = [
            await self._runtime.store.read(
                RangeQuery(machine, start_ns, end_ns + 1, limit=1, newest=newest)
            )
            for newest in (False, True)
        ]
        if not all(len(end) for end in ends):
            raise SettingsError(
                f"Nothing of {machine} is kept in that range. GET /sessions lists recordings."
            )
        return int(ends[0].time_ns[0]), int(ends[1].time_ns[-1])

    def _check_alone(self, target: str) -> None:
        """Refuse to mix two replays: nobody could tell their readings apart again."""
        for replay in self._replays.values():
            if replay.played_as == target and not replay.has_ended:
                raise SettingsError(
                    f"Replay {replay.id} plays into {target} already. Stop that first, or give "
                    "another machine id ('as', or --as)."
                )

    async def _make_room(self) -> None:
        if len(self._replays) < MAX_REPLAYS:
            return
        for replay in list(self._replays.values()):
            if replay.has_ended:
                await self.remove(replay.id)  # from the sources as well
                return
        raise SettingsError(f"{MAX_REPLAYS} replays are running. Stop one of them first.")
