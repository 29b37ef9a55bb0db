"""Every error that telltale raises on purpose. Each message says where, what, and what to do."""

from __future__ import annotations


class TelltaleError(Exception):
    """Base of all of telltale's own errors. `str(error)` is meant for the user."""


class BatchError(TelltaleError):
    """A batch breaks the promises of `Batch`: a fault in the code that made it."""


class SettingsError(TelltaleError):
    """A setting is unknown, missing or of the wrong kind. Found without I/O."""


class ProfileError(TelltaleError):
    """A profile cannot be used. The message gives file, line and the nearest valid key."""


class UnitError(TelltaleError):
    """A unit is unknown, or two units measure different quantities."""


class DecodeError(TelltaleError):
    """Bytes that cannot be read as what they claim to be."""


class TooLargeError(DecodeError):
    """Input beyond a size limit: body, nesting, columns, or what a gzip unpacks to."""


class UnknownMachineError(TelltaleError):
    """No machine has this id."""


class UnknownChannelError(TelltaleError):
    """The machine's profile has no channel or metric of this name."""


class SourceUnavailableError(TelltaleError):
    """A feed cannot be reached now. Safe to retry."""


class StoreError(TelltaleError):
    """The store could not keep or read something."""


class StoreBusyError(StoreError):
    """The write queue is full. Nothing was taken; send again later."""


class StoreInterruptedError(StoreError):
    """A commit was cut off: kept or not. Send it again; what is there is kept once."""


class StoreFullError(StoreError):
    """The disk, or the room allowed on it, is full. Nothing was kept; later writes are tried."""


class ModelError(TelltaleError):
    """A model cannot be used. The message says which check failed and what to do."""


class MissingExtraError(TelltaleError):
    """An optional part is not installed. The message is the install command."""
