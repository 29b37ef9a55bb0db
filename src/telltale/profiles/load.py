"""Where profiles come from: telltale's own files, and a folder of the user's."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from telltale.errors import ProfileError, StoreFullError
from telltale.profiles.parse import parse_profile
from telltale.profiles.schema import Profile
from telltale.profiles.write import to_toml
from telltale.registry import nearest, suggest

__all__ = ["ProfileBook", "builtin_profiles", "load_profile", "parse_profile"]

MAX_PROFILE_BYTES = 4 * 1024 * 1024  # a machine of 10,000 channels; more is not a profile
MAX_FILES = 1000  # a folder with more is not one of profiles
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def load_profile(path: Path) -> Profile:
    """Read one profile file; its name without the ending becomes the id.

    Raises:
        ProfileError: The file cannot be read, or as `parse_profile`.
    """
    try:
        size = path.stat().st_size
        if size > MAX_PROFILE_BYTES:
            raise ProfileError(f"{path}: {size} bytes; a profile has {MAX_PROFILE_BYTES} at most.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    return parse_profile(text, id=path.stem, file=str(path))


@cache
def builtin_profiles() -> Mapping[str, Profile]:
    """Return the profiles that come with telltale, by id."""
    folder = resources.files("telltale.profiles") / "data"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {
        file.name.removesuffix(".toml"): parse_profile(
            file.read_text(encoding="utf-8"), id=file.name.removesuffix(".toml"), file=file.name
        )
        for file in files
    }


class ProfileBook:
    """Built-in profiles and those of a folder. A user's file goes before a built-in of its id.

    `add` writes to the disk, so it may run in a thread, one at a time; the rest may be asked
    meanwhile.

    Attributes:
        folder: Where the user's files are and new ones go; None for built-ins only.
        problems: File name to what is wrong with it. The other files work all the same.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.problems: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of the files, as they were read or written
        self._profiles = dict(builtin_profiles())
        if folder is not None and folder.is_dir():
            self._read(folder)

    def _read(self, folder: Path) -> None:
        files = sorted(folder.glob("*.toml"))
        if len(files) > MAX_FILES:
            self.problems[str(folder)] = f"{len(files)} files; only the first {MAX_FILES} are read."
        for file in files[:MAX_FILES]:
            try:
                self._profiles[file.stem] = load_profile(file)
                self._texts[file.stem] = file.read_text(encoding="utf-8")
            except ProfileError as error:
                self.problems[file.name] = str(error)

    def get(self, id: str) -> Profile:  # noqa: A002 - a profile's own word
        """Return one profile. Raises ProfileError, naming the nearest one."""
        try:
            return self._profiles[id]
        except KeyError:
            # What telltale inferred from feeds may be many, and is seldom what somebody means.
            checked = [name for name, known in self.all().items() if not known.inferred]
            near = nearest(id, checked) or nearest(id, self._profiles)
            raise ProfileError(f"No profile {id!r}. {near or suggest(id, checked)}") from None

    def all(self) -> Mapping[str, Profile]:
        """Return every profile by id."""
        return dict(self._profiles)

    def add(self, profile: Profile, text: str | None = None, *, replace: bool = False) -> Profile:
        """Keep a profile, in the folder too if there is one. Returns it as read back.

        Args:
            profile: Its id names the file.
            text: The file, if somebody wrote it; else telltale writes it.
            replace: Whether a profile of this id may be there already.

        Raises:
            ProfileError: The id is taken, the text has faults, or the file cannot be written.
            StoreFullError: The disk is full.
        """
        if not replace and profile.id in self.taken():
            raise ProfileError(f"There is a profile {profile.id!r} already. Choose another id.")
        if replace and self._was_edited(profile.id):
            raise ProfileError(
                f"{profile.id}.toml was changed since telltale read it, so it is left as it is. "
                "Start telltale again to use it."
            )
        text = to_toml(profile) if text is None else text
        kept = parse_profile(text, id=profile.id, file=f"{profile.id}.toml")
        if self.folder is not None:
            _write(self.folder / f"{profile.id}.toml", text)
            self._texts[profile.id] = text
        self._profiles[profile.id] = kept
        return kept

    def taken(self) -> frozenset[str]:
        """Return all ids that a new profile cannot have: a file may have come since the start."""
        files = self.folder.glob("*.toml") if self.folder is not None else ()
        return frozenset((*self._profiles, *(file.stem for file in files)))

    def _was_edited(self, id: str) -> bool:  # noqa: A002 - a profile's own word
        path = self.folder / f"{id}.toml" if self.folder is not None else None
        if path is None or not path.exists():
            return False
        return path.read_text(encoding="utf-8", errors="replace") != self._texts.get(id)


def _write(path: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a half."""
    draft: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".", suffix=".tmp", delete=False
        ) as file:
            draft = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        if draft is not None:
            draft.unlink(missing_ok=True)
        if error.errno in DISK_FULL:
            raise StoreFullError(
                f"{path}: no room to write it. Make room, then try again."
            ) from error
        raise ProfileError(f"{path}: cannot be written: {error}") from error
