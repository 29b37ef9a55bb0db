"""Takes machines up where they were left: profile, state, newest values and open events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from telltale.batch import FOREVER_NS, NS_PER_S
from telltale.errors import ProfileError
from telltale.events import Event
from telltale.labels import LabelKind, of_kind
from telltale.models.life.one_life import OfOneLife
from telltale.pipeline.run import Pipeline, PipelineState
from telltale.profiles.conform import Conformer
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile
from telltale.runtime.former import former_columns
from telltale.runtime.machine import LiveMachine, Tools
from telltale.runtime.models.shelf import Deployed, Shelf, running
from telltale.store.base import Machine, RangeQuery, Role, Store

log = structlog.get_logger(__name__)

NEWEST_ROWS = 100  # a feed that sends its channels by turns has each of them among so many
# A machine that was measured after it became known was live; imported history is older than that.
REGISTERED_WITHIN_NS = 60 * NS_PER_S


class Restorer:
    """Makes live machines of what the store and the profiles say. Changes neither."""

    def __init__(self, store: Store, profiles: ProfileBook, shelf: Shelf) -> None:
        self._store = store
        self._profiles = profiles
        self._shelf = shelf
        self._tools: dict[str, Tools] = {}

    def tools(self, profile: Profile, deployed: tuple[Deployed, ...] = ()) -> Tools:
        """Return what a profile compiles to; machines without models share it."""
        tools = self._tools.get(profile.id)
        if tools is None or tools.base is not profile:
            tools = self._tools[profile.id] = Tools(profile, Pipeline(profile), Conformer(profile))
        if not deployed:
            return tools
        active, shadows = running(deployed, Role.ACTIVE), running(deployed, Role.SHADOW)
        return Tools(profile, Pipeline(profile, active, shadows), tools.conformer, deployed)

    async def equipped(self, machine: Machine, profile: Profile) -> Tools:
        """Return what a profile compiles to, with the models of one machine."""
        deployed = await self._shelf.of_machine(machine, profile)
        if any(one.card.task == "remaining_life" for one in deployed):
            deployed = await self._of_one_life(machine.id, deployed)
        return self.tools(profile, deployed)

    async def _of_one_life(
        self, machine: str, deployed: tuple[Deployed, ...]
    ) -> tuple[Deployed, ...]:
        """Return the same, with models of remaining life that know when the machine failed."""
        failures = of_kind(await self._store.labels(machine), LabelKind.FAILURE)
        failures_ns = sorted({failure.start_ns for failure in failures})
        sessions = await self._store.sessions(machine)
        first_ns = min((session.start_ns for session in sessions), default=None)
        return tuple(
            replace(one, model=OfOneLife(one.model, failures_ns, first_ns))
            if one.model is not None and one.card.task == "remaining_life"
            else one
            for one in deployed
        )

    async def restored(self, record: Machine) -> tuple[LiveMachine, Sequence[Event]]:
        """Return the live machine of a record, and the events that are kept as open."""
        profile, problem = self._profile_of(record)
        live = LiveMachine(record, await self.equipped(record, profile), problem=problem)
        state = await self._store.last_state(record.id)
        if state is not None:
            live.state = live.committed = await self._caught_up(live, state)
        newest = await self._store.read(
            RangeQuery(record.id, -FOREVER_NS, FOREVER_NS, limit=NEWEST_ROWS, newest=True)
        )
        live.is_guessed = profile.inferred and await self._was_guessed(record.id)
        live.former = former_columns(newest.columns, live.conformer)
        if len(newest):
            live.last_time_ns = int(newest.time_ns[-1])
            live.was_live = live.last_time_ns > record.created_ns - REGISTERED_WITHIN_NS
            live.note_newest(newest)
        live.rows = sum(session.rows for session in await self._store.sessions(record.id))
        kept_open = await self._store.events(record.id, open_only=True)
        live.note_events(tuple(kept_open))
        return live, kept_open

    async def _caught_up(self, live: LiveMachine, encoded: bytes) -> PipelineState:
        """Return the state after the newest kept sample: it is not kept with every commit."""
        pipeline, channels = live.pipeline, tuple(live.profile.channels)
        state = pipeline.decode(encoded)
        newest_ns = pipeline.newest_ns(state)
        if newest_ns is None or not channels:
            return state
        since = await self._store.read(
            RangeQuery(live.machine.id, newest_ns + 1, FOREVER_NS, names=channels)
        )
        return pipeline.run(since, state)[1] if len(since) else state

    def _profile_of(self, record: Machine) -> tuple[Profile, str | None]:
        """Return the profile, or an empty one and what is wrong: the other machines go on."""
        try:
            return self._profiles.get(record.profile), None
        except ProfileError as error:
            file = self._profiles.problems.get(f"{record.profile}.toml")
            problem = f"Its profile cannot be used: {file or error}"
            log.warning("profile_missing", machine=record.id, problem=problem)
            empty = Profile(id=record.profile, title=record.profile, description="", channels={})
            return empty, problem

    async def _was_guessed(self, machine: str) -> bool:
        """Tell whether telltale alone has decided on a machine's profile, as its notes say."""
        registered, chosen = [
            await self._store.events(machine, rule=rule, limit=1)
            for rule in ("registered", "profile")
        ]
        return bool(registered) and not chosen
