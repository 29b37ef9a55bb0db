"""What a user says about a CAN bus or log: its database, which bus, what a sender becomes."""

from __future__ import annotations

from dataclasses import dataclass

from telltale.errors import SettingsError
from telltale.formats.base import shown
from telltale.formats.can.tables import CanTables

SENDERS = ("channels", "machines")


@dataclass(frozen=True, slots=True, eq=False)
class CanOptions:
    """How frames become readings.

    Attributes:
        tables: What the frames mean.
        bus: Only this bus of a log, as it names it; "" for all.
        senders: What a second sender of one J1939 message becomes: "channels" of its own, as
            `EngineSpeed_sa17`, or "machines", where each sender is one: `truck-sa00`.
    """

    tables: CanTables
    bus: str = ""
    senders: str = "channels"

    def __post_init__(self) -> None:
        """Refuse what is not known."""
        if self.senders not in SENDERS:
            raise SettingsError(
                f"senders is {shown(self.senders)!r}. Give one of {', '.join(SENDERS)}."
            )
