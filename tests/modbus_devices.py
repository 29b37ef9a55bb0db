"""Real Modbus servers for tests: in the test's own event loop, in a thread that lasts, on a pty."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.docs_pages import free_port

FLOAT_12_5 = list(struct.unpack(">HH", struct.pack(">f", 12.5)))
LARGE = list(struct.unpack(">HHHH", struct.pack(">q", -(2**40) - 7)))


@dataclass(slots=True)
class Behaviour:
    """What a test makes its device do.

    Attributes:
        refuses: Requests that touch one of these holding registers get this exception.
        most: Registers of one request; more get an illegal value.
        wait_s: Before each answer.
        asked: Function, address and count of each request.
    """

    refuses: dict[int, ExcCodes] = field(default_factory=dict)
    most: int = 125
    wait_s: float = 0.0
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    async def act(  # noqa: PLR0917 - as pymodbus calls it
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Do it, as pymodbus asks."""
        self.asked.append((function, address, count))
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
        if function == 3 and count > self.most:
            return ExcCodes.ILLEGAL_VALUE
        for place, code in self.refuses.items():
            if function == 3 and address <= place < address + count:
                return code
        return None


def device(unit: int, behaviour: Behaviour) -> SimDevice:
    """Return a device: holding 0-1 a float 12.5, 2 is -5, 10-13 a large number, 20-29 count."""
    holding = [*FLOAT_12_5, 0x10000 - 5, *[0] * 7, *LARGE, *[0] * 6, *range(100, 110), *[7] * 200]
    bits = [True, False, True] + [False] * 13
    return SimDevice(
        unit,
        simdata=(
            [SimData(0, values=bits, datatype=DataType.BITS)],
            [SimData(0, values=bits[::-1], datatype=DataType.BITS)],
            [SimData(0, values=holding, datatype=DataType.REGISTERS)],
            [SimData(0, values=[9, 8, 7], datatype=DataType.REGISTERS)],
        ),
        action=behaviour.act,
    )


@asynccontextmanager
async def serving(
    behaviour: Behaviour | None = None,
    *,
    port: int = 0,
    units: tuple[int, ...] = (1, 2),
    more: Mapping[int, Behaviour] | None = None,
) -> AsyncIterator[int]:
    """Serve devices over TCP and give the port; `more` are devices with behaviours of their own."""
    does = behaviour or Behaviour()
    where = port or free_port(socket.SOCK_STREAM)
    server = ModbusTcpServer(
        [
            *(device(unit, does) for unit in units),
            *(device(unit, own) for unit, own in (more or {}).items()),
        ],
        address=("127.0.0.1", where),
        ignore_missing_devices=True,
    )
    await server.serve_forever(background=True)
    try:
        yield where
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


@cache
def lasting_address() -> str:
    """Return where a device listens in a thread of its own, until the tests end."""
    listening = threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        async with serving() as port:
            ports.append(port)
            listening.set()
            await asyncio.Event().wait()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    assert listening.wait(10.0)
    return f"127.0.0.1:{ports[0]}"


@contextmanager
def null_modem() -> Iterator[tuple[str, str]]:
    """Give two terminals joined by a cable: what is written to one is read from the other."""
    ends = [os.openpty() for _ in range(2)]
    names = [os.ttyname(slave) for _, slave in ends]
    for _, slave in ends:
        _make_raw(slave)
    masters = [master for master, _ in ends]
    stop_read, stop_write = os.pipe()

    def carry() -> None:
        while True:
            ready, _, _ = select.select([*masters, stop_read], [], [])
            if stop_read in ready:
                return
            for master in ready:
                os.write(masters[1 - masters.index(master)], os.read(master, 4096))

    cable = threading.Thread(target=carry, daemon=True)
    cable.start()
    try:
        yield names[0], names[1]
    finally:
        os.write(stop_write, b"x")
        cable.join(5.0)
        for fd in (*masters, *(slave for _, slave in ends), stop_read, stop_write):
            os.close(fd)


def _make_raw(fd: int) -> None:
    import tty  # noqa: PLC0415 - not on Windows

    tty.setraw(fd)


@asynccontextmanager
async def serving_rtu(port: str, behaviour: Behaviour) -> AsyncIterator[None]:
    """Serve device 1 over a serial line."""
    server = ModbusSerialServer(
        [device(1, behaviour)], port=port, baudrate=19_200, parity="N", ignore_missing_devices=True
    )
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]
