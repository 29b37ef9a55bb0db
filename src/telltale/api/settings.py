"""Limits of the API. Each bounds what one client can cost."""

from __future__ import annotations

from dataclasses import dataclass

from telltale.errors import SettingsError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What the API allows.

    Attributes:
        max_body_bytes: One push of readings, as sent and as unpacked.
        max_request_bytes: Any other request's body.
        max_import_bytes: One imported file.
        min_free_bytes: An import is refused, and `/readyz` says no, below this much free disk.
        max_samples: One answer to a read; longer ranges are decimated, or streamed by /exports.
        max_message_bytes: One message of a pushing WebSocket.
        max_silence_s: How long a body may stall before the request is given up.
        retry_after_s: What a client is told when the queue is full.
        allowed_hosts: Further `Host` names to answer to on a loopback address, e.g. of a proxy
            on the same machine. "localhost" and the loopback addresses are always allowed.
        ping_s: How often a live viewer is pinged.
    """

    max_body_bytes: int = 64 * MIB
    max_request_bytes: int = 1 * MIB
    max_import_bytes: int = 64 * 1024 * MIB
    min_free_bytes: int = 64 * MIB
    max_samples: int = 200_000
    max_message_bytes: int = 8 * MIB
    max_silence_s: float = 30.0
    retry_after_s: int = 1
    allowed_hosts: tuple[str, ...] = ()
    ping_s: float = 15.0

    def __post_init__(self) -> None:
        """Refuse limits that would stop everything."""
        for name in (
            "max_body_bytes",
            "max_request_bytes",
            "max_import_bytes",
            "max_samples",
            "max_silence_s",
            "ping_s",
        ):
            if getattr(self, name) <= 0:
                raise SettingsError(f"api.{name} is {getattr(self, name)}; it must be above 0.")
