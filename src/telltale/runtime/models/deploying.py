"""Which model runs on which machine: activate, shadow, roll back, switch off, with notes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from telltale.errors import ModelError
from telltale.models.card import Card, written_card
from telltale.models.folder import Loaded, answer_s
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.runtime.fleet import Fleet
from telltale.runtime.life.present_life import catch_up
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.shelf import BROUGHT_ALONG, NONE, checked, in_role
from telltale.store.base import ColumnsFullError, Deployment, KeptModel, Role

# How a version came about: what stands in the list of models
TRAINED, IMPORTED, BY_ITSELF = "trained", "imported", "learnt by itself"
UPDATED = "update"  # learnt anew because of labels
MAX_ANSWER_S = 0.05  # twenty answers a second, of all machines together, take the whole loop


class Deploying:
    """Keeps models and lets machines run them. All methods belong to one event loop.

    A swap happens between two batches of the machine: no reading is lost or asked twice.

    Args:
        fleet: The machines.
        max_answer_s: What one answer of an imported model may take here.
    """

    def __init__(self, fleet: Fleet, *, max_answer_s: float = MAX_ANSWER_S) -> None:
        self._fleet = fleet
        self._max_answer_s = max_answer_s
        self._store = fleet.store
        self._placing = asyncio.Lock()  # what one takes of a full table, no other may

    async def keep(
        self, card: Card, files: Mapping[str, bytes], *, machine: str, origin: str
    ) -> KeptModel:
        """Put a complete model on the shelf, after its checks. Raises ModelError."""
        text = written_card(card)
        loaded = await asyncio.to_thread(checked, text, files, card.name)
        if origin == IMPORTED:
            await asyncio.to_thread(self._check_speed, loaded)
        if machine:
            self._fleet.get(machine)
        kept = KeptModel(machine, card.name, origin, self._fleet.clock(), text)
        return await self._store.save_model(kept, files)

    async def deploy(self, machine: str, number: int, role: Role = Role.ACTIVE) -> LiveMachine:
        """Let a version run on a machine. Raises ModelError if it cannot, and changes nothing."""
        live = self._fleet.get(machine)
        kept = await self._fleet.shelf.find(number)
        if kept.machine not in {"", machine}:
            raise ModelError(
                f"Model {number} was learnt on {kept.machine}, and what is normal there is not "
                f"what is normal on {machine}. Train one on its own readings."
            )
        check_role(live, kept.name, role)
        loaded = await self._fleet.shelf.load(number)
        before = self._kept(live, kept.name, role)
        async with self._placing:
            live = self._fleet.get(machine)  # it may have gone, or another profile come
            check_role(live, kept.name, role)
            profile = live.check_fit(kept.name, loaded.model, role)
            if role is Role.ACTIVE:
                await self._make_columns(profile)
            now_ns = self._fleet.clock()
            await self._store.deploy(Deployment(machine, kept.name, role, number, now_ns))
            if role is Role.ACTIVE:
                await self._store.withdraw(machine, kept.name, Role.SHADOW)
            live = await self._fleet.equip(machine)
        await catch_up(self._fleet, machine)
        self._fleet.note(machine, "model", _told(loaded.card.title, kept.version, role, before))
        return live

    async def bring_along(self, machine: str, name: str) -> LiveMachine:
        """Let the model that telltale brings along for the profile run. Raises ModelError."""
        async with self._placing:
            live = self._fleet.get(machine)
            if name not in live.tools.base.models:
                raise ModelError(
                    f"telltale brings no model {name!r} along for {live.tools.base.title}. "
                    f"{suggest(name, live.tools.base.models)}"
                )
            card = self._fleet.shelf.shipped_card(name)
            await self._make_columns(
                msgspec.structs.replace(
                    live.profile, outputs={**live.profile.outputs, **card.outputs}
                )
            )
            now_ns = self._fleet.clock()
            await self._store.deploy(Deployment(machine, name, Role.ACTIVE, BROUGHT_ALONG, now_ns))
            live = await self._fleet.equip(machine)
        self._fleet.note(machine, "model", f"Model {name}: the one brought along is active.")
        return live

    async def promote(self, machine: str, name: str) -> LiveMachine:
        """Let the shadow take the active model's place. Raises ModelError if there is none."""
        shadow = in_role(self._fleet.get(machine).tools.deployed, Role.SHADOW).get(name)
        if shadow is not None:
            return await self.deploy(machine, shadow.kept.number)
        raise ModelError(f"{machine} has no shadow of {name!r}. Deploy one first.")

    async def roll_back(self, machine: str, name: str) -> LiveMachine:
        """Go back to the newest version before the active one. Raises ModelError if none."""
        now = self._kept(self._fleet.get(machine), name, Role.ACTIVE)
        for kept in await self._store.models(machine):
            # By number: versions count anew for the models of one machine and those of any
            if kept.name == name and now is not None and kept.number < now.number:
                return await self.deploy(machine, kept.number)
        raise ModelError(f"{machine} has no version of {name!r} before the active one.")

    async def withdraw(self, machine: str, name: str, role: Role = Role.ACTIVE) -> LiveMachine:
        """Let a model run no more; an active one's shadow goes too. Raises ModelError."""
        live = self._fleet.get(machine)
        if self._kept(live, name, role) is None:
            raise ModelError(f"No model named {name!r} is {role} on {machine}.")
        await self._store.withdraw(machine, name, Role.SHADOW)
        if role is Role.ACTIVE:
            await self._store.withdraw(machine, name, Role.ACTIVE)
            if name in live.tools.base.models:
                await self._store.deploy(
                    Deployment(machine, name, Role.ACTIVE, NONE, self._fleet.clock())
                )
        live = await self._fleet.equip(machine)
        what = "switched off" if role is Role.ACTIVE else "taken out of the shadow"
        self._fleet.note(machine, "model", f"Model {name} was {what}.")
        return live

    def _check_speed(self, loaded: Loaded) -> None:
        """Refuse a model that every reading would have to wait for. Raises ModelError."""
        if (seconds := answer_s(loaded)) > self._max_answer_s:
            raise ModelError(
                f"{loaded.card.name}: one answer takes {seconds * 1000.0:.0f} ms here, and each "
                f"reading waits for it; at most {self._max_answer_s * 1000.0:.0f} ms are taken. "
                "Make the model smaller, or its window shorter."
            )

    async def _make_columns(self, profile: Profile) -> None:
        """Have the store ready for what models give, before a reading could be refused for it."""
        fleet = self._fleet
        used = {n for one in fleet.all() if one.profile.id == profile.id for n in one.profile.names}
        try:
            await self._store.make_columns(profile, used)
        except ColumnsFullError as error:
            raise ModelError(str(error)) from error

    @staticmethod
    def _kept(live: LiveMachine, name: str, role: Role) -> KeptModel | None:
        found = in_role(live.tools.deployed, role).get(name)
        return None if found is None else found.kept


def check_role(live: LiveMachine, name: str, role: Role | None) -> None:
    """Refuse a shadow of nothing: there would be nothing to compare it with. Raises ModelError."""
    if role is Role.SHADOW and name not in in_role(live.tools.deployed, Role.ACTIVE):
        raise ModelError(
            f"{live.machine.id} has no active model named {name!r} that a shadow could be "
            "compared with. Activate this one."
        )


def _told(title: str, version: int, role: Role, before: KeptModel | None) -> str:
    where = "runs as a shadow" if role is Role.SHADOW else "is active"
    instead = "" if before is None else f" in place of version {before.version}"
    return f"{title}: version {version} {where}{instead}."
