"""Feeds: where readings come in, one file each."""

from __future__ import annotations

from typing import Any

from telltale.errors import SettingsError
from telltale.registry import load
from telltale.sources.base import Source

# HTTP and WebSocket push are not here: the API receives them itself.
SOURCES = {
    "simulator": "telltale.sources.simulator:SimulatorSource",
    "udp": "telltale.sources.udp:UdpSource",
    "replay": "telltale.sources.replay:ReplaySource",
    "file_replay": "telltale.sources.file_replay:FileReplay",
    "watch_folder": "telltale.sources.watch_folder:WatchFolder",
    "obd2": "telltale.sources.obd.source:Obd2Source [vehicle]",
    "mqtt": "telltale.sources.mqtt.source:MqttSource [mqtt]",
    "can_bus": "telltale.sources.can_bus:CanBusSource [vehicle]",
    "modbus": "telltale.sources.modbus.source:ModbusSource [industrial]",
    "opc_ua": "telltale.sources.opc_ua.source:OpcUaSource [industrial]",
}


def make_source(
    name: str,
    **settings: Any,  # Any: each source checks its own settings
) -> Source:
    """Return the source registered under `name`, not opened.

    Raises:
        SettingsError: No such source, or a setting that it does not know or cannot use.
        MissingExtraError: Its optional packages are not installed.
    """
    make = load(SOURCES, name, group="telltale.sources", error=SettingsError)
    try:
        source: Source = make(**settings)
    except TypeError as error:
        raise SettingsError(
            f"source {name}: {error}. Its settings are in docs/reference/sources.md."
        ) from None
    return source
