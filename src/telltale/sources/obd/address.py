"""What the address of an adapter means: a serial port, or a host and port."""

from __future__ import annotations

import re

from telltale.errors import SettingsError
from telltale.sources.obd.link import Link
from telltale.sources.obd.serial_link import SerialLink
from telltale.sources.obd.tcp_link import TcpLink

_HOST_PORT = re.compile(r"(?:tcp://)?(?P<host>\[[^\]]+\]|[^/:]+):(?P<port>\d{1,5})")


def make_link(address: str) -> Link:
    """Return the link that an address means: "192.168.0.10:35000", "/dev/ttyUSB0", "COM3".

    Raises:
        SettingsError: It is no address.
        MissingExtraError: A serial port without pyserial.
    """
    if not isinstance(address, str) or not address.strip():
        raise SettingsError(
            f"obd2: port is {address!r}. Give a serial port such as /dev/ttyUSB0 or COM3, "
            "or HOST:PORT of a Wi-Fi adapter."
        )
    tcp = _HOST_PORT.fullmatch(address)
    if tcp and 0 < int(tcp["port"]) < 65_536:
        return TcpLink(tcp["host"].strip("[]"), int(tcp["port"]))
    if tcp or "://" in address:
        raise SettingsError(
            f"obd2: port is {address!r}. Give tcp://HOST:PORT with a port from 1 to 65535, "
            "or the name of a serial port."
        )
    return SerialLink(address)
