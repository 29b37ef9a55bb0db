"""Which profile a machine gets that nobody announced, and how an inferred one grows."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import count

import msgspec
import structlog

from telltale.batch import Batch
from telltale.errors import ProfileError
from telltale.formats.base import Decoded
from telltale.profiles.fit import Fit, best_fit
from telltale.profiles.infer import infer_profile
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile

log = structlog.get_logger(__name__)

MAX_ID_LENGTH = 56  # of a profile made from a machine's id; leaves room for "_2"
MAX_INFERRED_CHANNELS = 1_000  # a feed that invents names for ever stops being followed here


def chosen_profile(batch: Batch, decoded: Decoded, book: ProfileBook) -> tuple[Profile, Fit]:
    """Return the profile that a batch's names fit best; if none does, a new one, kept in the book.

    Args:
        batch: One machine's share of `decoded`, under the feed's names.
        decoded: Says the feed's units and codes.
        book: All profiles.

    Raises:
        ProfileError: None fits, and none can be made of it.
    """
    fit = best_fit(batch.columns, book.all().values())
    if fit.profile_id is not None:
        return book.get(fit.profile_id), fit
    if len(batch.columns) > MAX_INFERRED_CHANNELS:
        raise ProfileError(
            f"{batch.machine} is new and sends {len(batch.columns)} channels, more than "
            f"{MAX_INFERRED_CHANNELS}. Split it into several machines, or write a profile."
        )
    alone = replace(decoded, batches=(batch,))
    profile_id = free_id(batch.machine, book.taken())
    inferred = book.add(infer_profile(alone, id=profile_id, title=batch.machine))
    log.info("profile_inferred", profile=profile_id, machine=batch.machine)
    return inferred, fit


def free_id(machine: str, taken: Collection[str]) -> str:
    """Return a profile id that is made of a machine's id and is not taken yet."""
    wanted = re.sub(r"[^a-z0-9]+", "_", machine.casefold()).strip("_") or "machine"
    wanted = (wanted if wanted[0].isalpha() else f"m_{wanted}")[:MAX_ID_LENGTH]
    free = (f"{wanted}_{n}" if n > 1 else wanted for n in count(1))
    return next(name for name in free if name not in taken)


def widened_profile(
    profile: Profile, batch: Batch, decoded: Decoded, unknown: Collection[str]
) -> Profile | None:
    """Return an inferred profile with the channels that its feed sends only now.

    None where those hold nothing but missing values so far, or there would be too many.
    """
    news = batch.select([name for name in batch.columns if name in unknown])
    try:
        found = infer_profile(replace(decoded, batches=(news,)), id=profile.id, title="")
    except ProfileError:
        return None
    fresh = {k: v for k, v in found.channels.items() if k not in profile.channels}
    if len(profile.channels) + len(fresh) > MAX_INFERRED_CHANNELS:
        return None
    return msgspec.structs.replace(profile, channels={**profile.channels, **fresh})
