"""`Shelf`: the models that machines run, each loaded and checked once, however many use it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import structlog

from telltale.errors import ModelError, TelltaleError
from telltale.models.base import Model
from telltale.models.card import Card, Training, read_card
from telltale.models.folder import (
    CARD,
    MAX_CARD_BYTES,
    Loaded,
    bytes_of,
    check_parity,
    made_model,
    read_files,
    read_folder,
)
from telltale.pipeline.outputs import with_outputs
from telltale.profiles.schema import Profile
from telltale.runtime.models.memory import MAX_LOADED_BYTES, LoadedModels, estimated_bytes
from telltale.store.base import (
    Deployment,
    KeptModel,
    Machine,
    NoModelError,
    Role,
    Store,
)

log = structlog.get_logger(__name__)

SHIPPED = Path(str(files("telltale.models"))) / "data"
NONE = 0  # the number of no model: deployed, it keeps a profile's own model from running
BROUGHT_ALONG = -1  # the number of a profile's own model


class UnknownModelError(ModelError):
    """No kept model has this number."""


class LostModelError(ModelError):
    """A model is listed, and files of it are gone."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A model on a machine.

    Attributes:
        deployment: In which role, and since when.
        kept: The version.
        card: Its card.
        model: Ready to run; None if it cannot.
        problem: Why not, one sentence.
    """

    deployment: Deployment
    kept: KeptModel
    card: Card
    model: Model | None
    problem: str | None = None


class Shelf:
    """Gives machines their models. All methods belong to one event loop.

    Args:
        store: Keeps them.
        max_bytes: Of memory that loaded models may take.
    """

    def __init__(self, store: Store, *, max_bytes: int = MAX_LOADED_BYTES) -> None:
        self._store = store
        self._loaded = LoadedModels(max_bytes)
        self._loading = asyncio.Lock()
        self._shipped: dict[str, Loaded] = {}

    @property
    def used_bytes(self) -> int:
        """About how much memory loaded models take now."""
        return self._loaded.used_bytes

    async def load(self, number: int) -> Loaded:
        """Return a kept model, checked. Raises ModelError, MissingExtraError, StoreError."""
        known = self._loaded.get(number)
        return known if known is not None else await self._load(await self.find(number))

    async def _load(self, kept: KeptModel) -> Loaded:
        number = kept.number
        async with self._loading:  # one by one: the room that is made for one is not another's
            known = self._loaded.get(number)
            if known is not None:
                return known
            data = await self.files(kept)
            what, size_bytes = f"model {number}", estimated_bytes(kept.card, data)
            self._loaded.make_room(size_bytes, what)
            loaded = await asyncio.to_thread(checked, kept.card, data, what)
            return self._loaded.add(number, loaded, size_bytes)

    async def files(self, kept: KeptModel) -> Mapping[str, bytes]:
        """Return all files of a kept model. Raises LostModelError if some are gone."""
        try:
            found = await self._store.model_files(kept.number)
        except NoModelError:
            found = {}
        missing = sorted(card_of(kept).files.keys() - found.keys())
        if missing or not found:
            raise LostModelError(
                f"Model {kept.number} is listed, and its {', '.join(missing) or 'files'} cannot be "
                "found any more. Restore a backup, or train or import it again and remove this "
                "version."
            )
        return found

    async def find(self, number: int) -> KeptModel:
        """Return what is known of a kept model. Raises UnknownModelError if there is none."""
        for kept in await self._store.models():
            if kept.number == number:
                return kept
        raise UnknownModelError(f"There is no model {number}. Look at the list of models.")

    def shipped_card(self, name: str) -> Card:
        """Return the card of a model that telltale brings along. Raises ModelError."""
        return read_card(bytes_of(SHIPPED / name / CARD, MAX_CARD_BYTES), f"{name}/{CARD}")

    async def of_machine(self, machine: Machine, profile: Profile) -> tuple[Deployed, ...]:
        """Return what runs on a machine: what was deployed, and its profile's own models.

        A profile's model that learnt from simulated data runs by itself on simulated machines
        only: on a real one its answers are worth what the simulator is, so somebody must ask.
        """
        deployments = await self._store.deployments(machine.id)
        placed = {one.name: one for one in deployments if one.role is Role.ACTIVE}
        found = []
        for name in profile.models:
            default = Deployment(machine.id, name, Role.ACTIVE, BROUGHT_ALONG, 0)
            one = placed.get(name, default)
            if one.model != BROUGHT_ALONG:
                continue
            if name in placed or machine.simulated or not self._is_simulated(name):
                found.append(await self._brought_along(one))
        if deployments:
            known = {kept.number: kept for kept in await self._store.models(machine.id)}
            found += [
                await self._deployed(one, known[one.model])
                for one in deployments
                if one.model in known
            ]
        return fitting(profile, found)

    def _is_simulated(self, name: str) -> bool:
        try:
            return self.shipped_card(name).training.is_simulated
        except ModelError:
            return False  # it is listed, with what is wrong

    async def _brought_along(self, deployment: Deployment) -> Deployed:
        name = deployment.name
        kept = KeptModel("", name, "brought along", 0, b"", BROUGHT_ALONG, 1)
        card = await asyncio.to_thread(self.shipped_card, name)
        if name not in self._shipped:
            try:
                self._shipped[name] = await asyncio.to_thread(read_folder, SHIPPED / name)
            except TelltaleError as error:
                log.warning("model_failed", machine=deployment.machine, error=str(error))
                return Deployed(deployment, kept, card, None, str(error))
        return Deployed(deployment, kept, card, self._shipped[name].model)

    async def _deployed(self, deployment: Deployment, kept: KeptModel) -> Deployed:
        try:
            loaded = await self._load(kept)
        except TelltaleError as error:
            log.warning("model_failed", machine=deployment.machine, error=str(error))
            return Deployed(deployment, kept, card_of(kept), None, str(error))
        return Deployed(deployment, kept, loaded.card, loaded.model)


def checked(card_text: bytes, data: Mapping[str, bytes], where: str) -> Loaded:
    """Return the model of a card and its files, after its parity samples."""
    card = read_card(card_text, where)
    files = read_files(card, lambda name: data.get(name, b""), where)
    model = made_model(card, files)
    check_parity(model, files)
    return Loaded(model, card, files)


def card_of(kept: KeptModel) -> Card:
    """Return the card of a kept model; one that says nothing if it cannot be read any more."""
    try:
        return read_card(kept.card, f"model {kept.number}")
    except ModelError as error:
        return Card(
            name=kept.name,
            title=kept.name,
            task="other",
            runtime="",
            inputs={},
            columns=(),
            core_outputs=(),
            outputs={},
            training=Training(str(error), is_simulated=False),
        )


def fitting(profile: Profile, found: Iterable[Deployed]) -> tuple[Deployed, ...]:
    """Return the same, with those that do not fit the profile, or each other, without a model."""
    good: dict[str, Model] = {}
    result = []
    for one in sorted(found, key=lambda d: (d.deployment.role is Role.SHADOW, d.deployment.name)):
        name, model = one.deployment.name, one.model
        is_active = one.deployment.role is Role.ACTIVE
        if model is None:
            result.append(one)
            continue
        try:
            with_outputs(profile, {**good, name: model} if is_active else {name: model})
        except ModelError as error:
            result.append(replace(one, model=None, problem=str(error)))
        else:
            result.append(one)
            if is_active:
                good[name] = model
    return tuple(result)


def in_role(deployed: Sequence[Deployed], role: Role) -> dict[str, Deployed]:
    """Return what is deployed in a role, by name; what cannot run too."""
    return {one.deployment.name: one for one in deployed if one.deployment.role is role}


def running(deployed: Sequence[Deployed], role: Role) -> dict[str, Model]:
    """Return the models that can run in a role, by name."""
    found = in_role(deployed, role)
    return {name: one.model for name, one in found.items() if one.model is not None}
