"""What an MQTT client says of itself: that it is there, and as last will that it is not."""

from __future__ import annotations

from telltale.errors import SettingsError
from telltale.formats.sparkplug import state_payload, state_topic
from telltale.mqtt_session import Will

ONLINE, OFFLINE = b"online", b"offline"


class Presence:
    """Says it in plain words under a topic, or as a Sparkplug host; or nowhere.

    Args:
        status_topic: Where the words go.
        host: Id of a Sparkplug host.

    Raises:
        SettingsError: Both are given.
    """

    def __init__(self, status_topic: str | None = None, host: str | None = None) -> None:
        if status_topic and host:
            raise SettingsError(
                "mqtt: a client has one last will, so status_topic and sparkplug_host cannot both "
                "be set. Use two sources."
            )
        self._host = host
        self._birth_ms = 0
        self.topic = state_topic(host) if host else status_topic

    def will(self, now_ms: int) -> Will | None:
        """Return the last will of a connection that begins now; its birth bears the same time."""
        self._birth_ms = now_ms
        return None if self.topic is None else Will(self.topic, self.death(now_ms))

    def birth(self) -> bytes:
        """Return what says that it is there."""
        return state_payload(self._birth_ms, is_online=True) if self._host else ONLINE

    def death(self, now_ms: int) -> bytes:
        """Return what says that it is gone."""
        return state_payload(now_ms, is_online=False) if self._host else OFFLINE
