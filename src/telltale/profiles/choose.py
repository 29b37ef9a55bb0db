"""Which profile a machine gets that nobody announced, and how an inferred one grows or goes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import count

import msgspec
import numpy as np
import structlog

from telltale.batch import Batch
from telltale.errors import ProfileError
from telltale.formats.base import Decoded
from telltale.profiles.conform import News
from telltale.profiles.fit import Fit, best_fit
from telltale.profiles.infer import infer_profile
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Alias, Channel, Profile

log = structlog.get_logger(__name__)

MAX_ID_LENGTH = 56  # of a profile made from a machine's id; leaves room for "_2"
MAX_INFERRED_CHANNELS = 1_000  # a feed that invents names for ever stops being followed here
MAX_INFERRED_WORDS = 256  # of one channel: more are free text
SHARED = " and alike"  # ends the title of an inferred profile that several machines have


def chosen_profile(batch: Batch, decoded: Decoded, book: ProfileBook) -> tuple[Profile, Fit]:
    """Return the profile that a batch's names fit best; if none does, a new one, kept in the book.

    Args:
        batch: One machine's share of `decoded`, under the feed's names.
        decoded: Says the feed's units and codes.
        book: All profiles.

    Raises:
        ProfileError: None fits, and none can be made of it.
    """
    fit = best_fit(told_names(batch), book.all().values())
    if fit.profile_id is not None:
        return _shared(book.get(fit.profile_id), book), fit
    if len(batch.columns) > MAX_INFERRED_CHANNELS:
        raise ProfileError(
            f"{batch.machine} is new and sends {len(batch.columns)} channels, more than "
            f"{MAX_INFERRED_CHANNELS}. Split it into several machines, or write a profile."
        )
    alone = replace(decoded, batches=(batch,), row_numbers=())
    profile_id = free_id(batch.machine, book.taken())
    inferred = book.add(infer_profile(alone, id=profile_id, title=batch.machine))
    log.info("profile_inferred", profile=profile_id, machine=batch.machine)
    return inferred, fit


def better_profile(profile: Profile, batch: Batch, book: ProfileBook) -> tuple[Profile, Fit] | None:
    """Return the checked profile that a machine would have got, had all come in its first input.

    Args:
        profile: The inferred one that it has.
        batch: Holds names that are new to it.
        book: All profiles.
    """
    names = [*map(_fed_name, profile.channels.items()), *told_names(batch)]
    fit = best_fit(names, [known for known in book.all().values() if not known.inferred])
    return None if fit.profile_id is None else (book.get(fit.profile_id), fit)


def told_names(batch: Batch) -> list[str]:
    """Return the columns that hold a value: one whose every value was refused tells nothing."""
    return [name for name, values in batch.columns.items() if not bool(np.isnan(values).all())]


def _fed_name(named: tuple[str, Channel]) -> str:
    """Return the header that an inferred channel was made of: its first alias, if it has one."""
    name, channel = named
    first = next(iter(channel.aliases), name)
    return first.name if isinstance(first, Alias) else first


def _shared(profile: Profile, book: ProfileBook) -> Profile:
    """Return a profile for one more machine; an inferred one stops bearing the first one's name."""
    if not profile.inferred or profile.title.endswith(SHARED):
        return profile
    try:
        return book.add(
            msgspec.structs.replace(profile, title=f"{profile.title}{SHARED}"), replace=True
        )
    except ProfileError:  # somebody is editing it, and will find a title
        return profile


def free_id(machine: str, taken: Collection[str]) -> str:
    """Return a profile id that is made of a machine's id and is not taken yet."""
    wanted = re.sub(r"[^a-z0-9]+", "_", machine.casefold()).strip("_") or "machine"
    wanted = (wanted if wanted[0].isalpha() else f"m_{wanted}")[:MAX_ID_LENGTH]
    free = (f"{wanted}_{n}" if n > 1 else wanted for n in count(1))
    return next(name for name in free if name not in taken)


def widened_profile(profile: Profile, batch: Batch, decoded: Decoded, news: News) -> Profile | None:
    """Return an inferred profile with the channels and words that its feed sends only now.

    None where there is nothing that it can learn, or would be too much.
    """
    channels = {
        name: _with_words(channel, news.words.get(name, ()))
        for name, channel in profile.channels.items()
    }
    new = batch.select([name for name in batch.columns if name in news.names])
    fresh = _fresh(profile, new, decoded)
    if len(channels) + len(fresh) <= MAX_INFERRED_CHANNELS:
        channels |= fresh
    if channels == profile.channels:
        return None
    return msgspec.structs.replace(profile, channels=channels)


def _fresh(profile: Profile, news: Batch, decoded: Decoded) -> dict[str, Channel]:
    """Return the channels that new columns become; none where no column holds a number."""
    if not news.columns:
        return {}
    try:
        found = infer_profile(
            replace(decoded, batches=(news,), row_numbers=()), id=profile.id, title=""
        )
    except ProfileError:
        return {}
    return {name: made for name, made in found.channels.items() if name not in profile.channels}


def _with_words(channel: Channel, words: Collection[str]) -> Channel:
    """Return a coded channel with numbers for new words; the numbers of the old ones stay.

    A channel without words may have held numbers: it takes none, they could not be told apart.
    """
    if not words or not channel.codes:
        return channel
    codes = dict(channel.codes)
    for word in words:
        if len(codes) < MAX_INFERRED_WORDS:
            codes[word] = max(codes.values()) + 1.0
    low, high = channel.scale or channel.range
    ends = min(low, *codes.values()), max(high, *codes.values())
    return msgspec.structs.replace(channel, codes=codes, scale=ends)
