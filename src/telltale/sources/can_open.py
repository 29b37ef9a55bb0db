"""Opens a CAN bus through python-can, to listen only."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import can

from telltale.errors import MissingExtraError, SettingsError, SourceUnavailableError
from telltale.formats.base import shown
from telltale.registry import missing_extra, suggest
from telltale.sources.checks import check_number, check_text

# What keeps an adapter from acknowledging frames, per interface. With socketcan the system says
# it, not the program; the virtual ones have nothing to acknowledge.
LISTEN_ONLY: Mapping[str, Mapping[str, Any]] = {
    "socketcan": {},
    "slcan": {"listen_only": True},
    "pcan": {"state": can.BusState.PASSIVE},
    "kvaser": {"driver_mode": False},  # its name for silent
    "virtual": {},
    "udp_multicast": {},
}
OWN = ("interface", "channel", "bitrate", "fd")
HINTS = {
    "socketcan": "Bring it up: ip link set {channel} up type can bitrate {bitrate} listen-only on.",
    "slcan": "Plug the adapter in, and check the port's name.",
    "pcan": "Plug the adapter in, and install PEAK's driver.",
    "kvaser": "Plug the adapter in, and install Kvaser's CANlib.",
    "virtual": "Give the name of a channel.",
    "udp_multicast": "Give an address from 239.0.0.0 to 239.255.255.255 that the network carries.",
}


@dataclass(frozen=True, slots=True)
class BusAddress:
    """How a bus is reached. Checks its settings and opens nothing.

    Attributes:
        interface: A key of `LISTEN_ONLY`.
        channel: "can0", a serial port, a multicast address, as the interface has it.
        bitrate: Bits a second; None leaves it as it is set, or the interface's default.
        fd: Whether the bus carries CAN FD.
        is_listening: Never acknowledge, never send.
        more: python-can's own settings of the interface.
    """

    interface: str
    channel: str
    bitrate: int | None = None
    fd: bool = False
    is_listening: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)  # Any: as python-can documents

    def __post_init__(self) -> None:
        """Refuse what cannot be opened."""
        where = "can_bus"
        if self.interface not in LISTEN_ONLY:
            raise SettingsError(
                f"{where}: interface is {shown(self.interface)!r}. "
                f"{suggest(str(self.interface), LISTEN_ONLY)}"
            )
        check_text(where, "channel", self.channel)
        if self.bitrate is not None:
            check_number(where, "bitrate", self.bitrate, 1_000, 8_000_000)
        own = [name for name in self.more if name in OWN]
        if own:
            raise SettingsError(f"{where}: settings names {own[0]!r}. Give it as {own[0]}.")

    def open(self) -> can.BusABC:
        """Open the bus.

        Raises:
            SourceUnavailableError: It is not there now.
            MissingExtraError: A package that the interface takes is not installed.
        """
        settings: dict[str, Any] = dict(self.more)
        if self.is_listening:
            settings |= LISTEN_ONLY[self.interface]
        if self.bitrate is not None and self.interface != "udp_multicast":
            settings["bitrate"] = self.bitrate
        if self.fd or self.interface == "socketcan":
            settings["fd"] = self.fd
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the interface's own internals
                return can.Bus(
                    channel=self.channel, interface=self.interface, ignore_config=True, **settings
                )
        except can.CanInterfaceNotImplementedError as error:
            raise self._missing(error) from None
        except Exception as error:  # each driver has its own
            raise SourceUnavailableError(
                f"{self.channel} ({self.interface}) cannot be opened: {shown(error)}. {self.hint}"
            ) from None

    @property
    def hint(self) -> str:
        """What to do when it is not there."""
        bitrate = self.bitrate or 500_000
        return HINTS[self.interface].format(channel=self.channel, bitrate=bitrate)

    def _missing(self, error: Exception) -> MissingExtraError | SourceUnavailableError:
        if self.interface == "udp_multicast":
            absent = ModuleNotFoundError("msgpack", name="msgpack")
            return missing_extra("udp_multicast", "vehicle", absent)
        return SourceUnavailableError(
            f"{self.channel} ({self.interface}) cannot be opened: {shown(error)}. {self.hint}"
        )


def quieten() -> None:
    """Leave the log to telltale: python-can warns of what is told as a source's state."""
    logging.getLogger("can").setLevel(logging.CRITICAL)
