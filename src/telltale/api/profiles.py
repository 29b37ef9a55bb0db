"""Profiles: what machines can be."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.problems import ApiError
from telltale.api.wire import answers, reply
from telltale.errors import ProfileError
from telltale.models.faults.catalogue import Catalogue, catalogues
from telltale.profiles.schema import Profile
from telltale.runtime.life.fleet import FleetLivesView, fleet_lives
from telltale.units import symbol

router = APIRouter(tags=["profiles"])


class ProfileSummary(msgspec.Struct, frozen=True):
    """One line of the list of profiles."""

    id: str
    title: str
    description: str
    inferred: bool
    channels: int
    machines: list[str]


class ProfileList(msgspec.Struct, frozen=True):
    """All profiles and which machines use them."""

    profiles: list[ProfileSummary]


@router.get("/profiles", responses=answers(ProfileList), summary="All profiles")
async def list_profiles(shared: Shared) -> Response:
    """Return the built-in, the inferred and the user's own profiles."""
    users: dict[str, list[str]] = {}
    for live in shared.runtime.machines():
        users.setdefault(live.machine.profile, []).append(live.machine.id)
    return reply(
        ProfileList(
            [
                ProfileSummary(
                    id=profile.id,
                    title=profile.title,
                    description=profile.description,
                    inferred=profile.inferred,
                    channels=len(profile.channels),
                    machines=sorted(users.get(profile.id, [])),
                )
                for profile in shared.runtime.profiles.all().values()
            ]
        )
    )


@router.get("/profiles/{profile}", responses=answers(Profile), summary="One whole profile")
async def get_profile(profile: str, shared: Shared) -> Response:
    """Return a profile as its file says, with the symbol of each unit added."""
    try:
        found = shared.runtime.profiles.get(profile)
    except ProfileError as error:
        raise ApiError(404, str(error)) from None
    answer = msgspec.to_builtins(found)
    for kind in ("channels", "metrics"):
        for signal in answer[kind].values():
            signal["unit_symbol"] = symbol(signal["unit"])
    return reply(answer)


@router.get(
    "/profiles/{profile}/faults",
    responses=answers(Catalogue),
    summary="The kinds of fault of a machine type",
)
async def get_faults(profile: str, shared: Shared) -> Response:
    """Return symptoms, causes and advice of each kind of fault; no category where none are known.

    The intensity of the kind `x` is the output `fault_x_pct` of a fault model.
    """
    known = catalogues()
    if profile not in known:
        await get_profile(profile, shared)  # an unknown profile is told as such
    return reply(known.get(profile, Catalogue(source="", categories={})))


@router.get(
    "/profiles/{profile}/lives",
    responses=answers(FleetLivesView),
    summary="How long machines of a type live",
)
async def get_profile_lives(profile: str, shared: Shared) -> Response:
    """Return how lives that ended in a labelled failure are distributed, and each one's chances.

    Ages are hours of recordings. With fewer than three failures there is no number, but a reason.
    """
    await get_profile(profile, shared)  # an unknown profile is told as such
    return reply(await fleet_lives(shared.runtime.fleet, profile))
