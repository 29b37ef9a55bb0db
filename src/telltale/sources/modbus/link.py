"""A connection to Modbus devices: TCP, RTU over a serial port, or RTU through TCP.

pymodbus does the framing; here are its addresses, its time limits and its errors in words.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.pdu import ModbusPDU

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.base import shown
from telltale.formats.registers import Table
from telltale.registry import missing_extra, suggest
from telltale.sources.checks import check_number

USUAL_PORT = 502
PARITIES = ("N", "E", "O")
EXCEPTIONS = {  # Modbus Application Protocol 1.1b3, 7
    1: "illegal function: the device has no such table",
    2: "illegal data address: the device has no such register",
    3: "illegal data value: so many registers at once, or this one, it does not give",
    4: "device failure: it could not do it",
    5: "acknowledged: it takes longer",
    6: "busy: it does something else",
    7: "refused",
    8: "memory parity error in the device",
    10: "gateway path unavailable: the gateway knows no way to this device",
    11: "gateway target silent: the gateway got no answer from this device",
}
SPLITTABLE = (2, 3)  # a smaller request may do
DEVICE_GONE = (10, 11)
_TCP = re.compile(r"(?P<how>tcp|rtu\+tcp)://(?P<host>\[[^\]]+\]|[^/:\s]+)(?::(?P<port>\d{1,5}))?")
_SERIAL = re.compile(r"(?:serial://)?(?P<path>\.{0,2}/.+|COM\d+)", re.IGNORECASE)

# What it would log is told by the source's status, and by the errors below.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class RefusedError(Exception):
    """The device answered that it will not. `code` is the exception's."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(EXCEPTIONS.get(code, f"exception {code}, which the standard lacks"))


class SilentError(Exception):
    """No answer in time, or none that can be read."""


@dataclass(frozen=True, slots=True)
class Way:
    """How devices are reached.

    Attributes:
        address: As told.
        host: Of TCP; the port's name of a serial line.
        port: Of TCP.
        is_serial: A serial port.
        is_rtu: Frames with a checksum, as on a serial line.
        baud, parity, stop_bits: Of a serial line; its bytes have 8 bits.
    """

    address: str
    host: str
    port: int = USUAL_PORT
    is_serial: bool = False
    is_rtu: bool = False
    baud: int = 19_200
    parity: str = "E"
    stop_bits: int = 1


def way_of(address: str, *, baud: int = 19_200, parity: str = "E", stop_bits: int = 1) -> Way:
    """Return what an address means: "192.168.0.20", "plc:502", "rtu+tcp://10.0.0.5:4001", "COM3".

    Raises:
        SettingsError: It is no address, or a setting of the line is out of range.
        MissingExtraError: A serial port without pyserial.
    """
    baud = int(check_number("modbus", "baud", baud, 300, 4_000_000))
    stop_bits = int(check_number("modbus", "stop_bits", stop_bits, 1, 2))
    if parity not in PARITIES:
        raise SettingsError(f"modbus: parity is {parity!r}. {suggest(str(parity), PARITIES)}")
    text = address.strip() if isinstance(address, str) else ""
    if line := _SERIAL.fullmatch(text):
        if find_spec("serial") is None:
            error = ModuleNotFoundError(name="pyserial")
            raise missing_extra("A serial port", "industrial", error)
        return Way(text, line["path"], 0, True, True, baud, parity, stop_bits)
    tcp = _TCP.fullmatch(text if "://" in text else f"tcp://{text}")
    port = int(tcp["port"] or USUAL_PORT) if tcp else 0
    if tcp is None or not 0 < port < 65_536:
        raise SettingsError(
            f"modbus: address is {shown(address)!r}. Give HOST or HOST:PORT (port 502 if left "
            "out), rtu+tcp://HOST:PORT for a gateway that passes RTU on, or a serial port such "
            "as /dev/ttyUSB0 or COM3."
        )
    return Way(text, tcp["host"].strip("[]"), port, is_rtu=tcp["how"] == "rtu+tcp")


class ModbusLink:
    """One connection, one request at a time. It never connects again by itself."""

    def __init__(self, way: Way, timeout_s: float) -> None:
        self.way = way
        self._timeout_s = timeout_s
        self._client: ModbusBaseClient | None = None
        self._asking: asyncio.Future[ModbusPDU] | None = None

    async def open(self) -> None:
        """Connect anew. Raises SourceUnavailableError, which is safe to retry."""
        self.close()
        client = self._made()
        why = ""
        try:
            is_open = await client.connect()
        except Exception as error:  # a serial port's settings raise termios.error, on its system
            is_open, why = False, f" ({error})"
        if not is_open:
            client.close()
            raise SourceUnavailableError(self._why_closed(why))
        self._client = client

    async def read(self, device: int, table: Table, address: int, count: int) -> list[int]:
        """Return `count` registers, 0 to 65535 each, or as many bits, 0 or 1 each.

        Raises:
            RefusedError: The device answered with an exception.
            SilentError: No answer in time, or a wrong one.
            SourceUnavailableError: The connection is gone.
        """
        client = self._client
        if client is None or not client.connected:
            raise SourceUnavailableError(
                f"{self.way.address}: the connection broke. It is tried again."
            )
        self._asking = asyncio.ensure_future(_REQUESTS[table](client, address, count, device))
        try:
            answer = await self._asking
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if self._client is client or (me is not None and me.cancelling()):
                raise
            raise SourceUnavailableError(f"{self.way.address}: closed. Open it again.") from None
        except ModbusException:
            await self._let_late_answers_pass()
            raise SilentError(f"no answer within {self._timeout_s:g} s") from None
        if answer.isError():
            raise RefusedError(int(getattr(answer, "exception_code", 0)))
        got: Sequence[int] = answer.bits if table.holds_bits else answer.registers
        if len(got) < count or (not table.holds_bits and len(got) != count):
            await self._let_late_answers_pass()
            raise SilentError(f"{len(got)} values came where {count} were asked")
        return [int(value) for value in got[:count]]

    def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        client, self._client = self._client, None
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()  # nobody waits for an answer any more
        if client is not None:
            client.close()

    async def _let_late_answers_pass(self) -> None:
        """Wait, where an answer does not say to which request it belongs, until none can come."""
        if self.way.is_rtu:
            await asyncio.sleep(self._timeout_s)

    def _made(self) -> ModbusBaseClient:
        way = self.way
        if way.is_serial:
            return AsyncModbusSerialClient(
                way.host,
                baudrate=way.baud,
                parity=way.parity,
                stopbits=way.stop_bits,
                timeout=self._timeout_s,
                retries=0,
                reconnect_delay=0,
            )
        return AsyncModbusTcpClient(
            way.host,
            port=way.port,
            framer=FramerType.RTU if way.is_rtu else FramerType.SOCKET,
            timeout=self._timeout_s,
            retries=0,
            reconnect_delay=0,
        )

    def _why_closed(self, why: str) -> str:
        if self.way.is_serial:
            return (
                f"{self.way.address}: cannot be opened{why}. Is the adapter plugged in, used by no "
                "other program, and may this user open it (group dialout)?"
            )
        return (
            f"{self.way.address}: nothing answers at {self.way.host} port {self.way.port}. Is the "
            "device on, is Modbus TCP switched on in it, and does it take one more connection?"
        )


async def _coils(client: ModbusBaseClient, address: int, count: int, device: int) -> ModbusPDU:
    return await client.read_coils(address, count=count, device_id=device)


async def _discrete(client: ModbusBaseClient, address: int, count: int, device: int) -> ModbusPDU:
    return await client.read_discrete_inputs(address, count=count, device_id=device)


async def _holding(client: ModbusBaseClient, address: int, count: int, device: int) -> ModbusPDU:
    return await client.read_holding_registers(address, count=count, device_id=device)


async def _input(client: ModbusBaseClient, address: int, count: int, device: int) -> ModbusPDU:
    return await client.read_input_registers(address, count=count, device_id=device)


_REQUESTS = {
    Table.COIL: _coils,
    Table.DISCRETE: _discrete,
    Table.HOLDING: _holding,
    Table.INPUT: _input,
}
