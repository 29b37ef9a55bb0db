"""A UDP socket that loses as little as the system lets it, and says what it lost."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Sequence

from telltale.errors import SourceUnavailableError

RECEIVE_BUFFER_BYTES = 32 << 20  # about 40,000 small datagrams: half a second at full rate
MAX_DATAGRAM_BYTES = 65_535
SO_RCVBUFFORCE = 33  # Linux; needs CAP_NET_ADMIN, passes net.core.rmem_max
SO_MEMINFO = 55  # Linux 4.12: nine counters of the socket, the last one is drops
MEMINFO_DROPS = 8

Address = tuple[str, int]


def open_udp_socket(host: str, port: int) -> socket.socket:
    """Return a bound, non-blocking socket with the largest receive buffer that is allowed.

    Raises:
        SourceUnavailableError: The address cannot be used now.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        widen_receive_buffer(udp, RECEIVE_BUFFER_BYTES)
        udp.setblocking(False)
        udp.bind((host, port))
    except OSError as error:
        udp.close()
        raise SourceUnavailableError(
            f"udp {host}:{port} cannot be opened: {error.strerror or error}. "
            "Another program may use the port: stop it, or choose another with --udp-port."
        ) from error
    return udp


def widen_receive_buffer(udp: socket.socket, wanted_bytes: int) -> None:
    """Ask for a receive buffer, past the system's limit if that is allowed."""
    try:
        if sys.platform == "linux":
            udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, wanted_bytes)
            return
    except PermissionError:
        pass
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted_bytes)


def receive_buffer_bytes(udp: socket.socket) -> int:
    """Return what was got. Linux doubles the number to make room for its own bookkeeping."""
    size = udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return size // 2 if sys.platform == "linux" else size


def kernel_drops(udp: socket.socket) -> int:
    """Return how many datagrams this socket lost for lack of room; 0 where it is not told."""
    if sys.platform != "linux":
        return 0
    try:
        counters = udp.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * (MEMINFO_DROPS + 1))
    except OSError:
        return 0
    if len(counters) < 4 * (MEMINFO_DROPS + 1):
        return 0
    drops: int = struct.unpack("=9I", counters)[MEMINFO_DROPS]
    return drops


def drain(udp: socket.socket, limit: int, into: list[bytes]) -> None:
    """Take up to `limit` waiting datagrams. The loop is tight: it runs 80,000 times a second."""
    receive = udp.recv
    append = into.append
    try:
        for _ in range(limit):
            append(receive(MAX_DATAGRAM_BYTES))
    except (BlockingIOError, ConnectionError):
        return


def drain_with_senders(
    udp: socket.socket, limit: int, into: list[bytes], senders: list[str]
) -> None:
    """As `drain`, also noting who sent each; costs half as much again."""
    try:
        for _ in range(limit):
            payload, address = udp.recvfrom(MAX_DATAGRAM_BYTES)
            into.append(payload)
            senders.append(shown_address(address))
    except (BlockingIOError, ConnectionError):
        return


def shown_address(address: Sequence[object]) -> str:
    """Return host:port."""
    return f"{address[0]}:{address[1]}"
