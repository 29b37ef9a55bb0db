"""Databases and frames that the tests of CAN share, and cantools as an outside judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import can
import cantools.database
import numpy as np
from cantools.database.can import Database, Message, Signal

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.formats.base import Decoded
from telltale.formats.can.databases import load_tables
from telltale.formats.can.decode import CanDecoder
from telltale.formats.can.frames import EXTENDED, Frames
from telltale.formats.can.options import CanOptions
from telltale.formats.can.tables import CanTables

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "can_logs"
START_S = 1_763_712_000
CAR = """VERSION ""
BU_: ECU
BO_ 256 Engine: 8 ECU
 SG_ Speed : 0|16@1+ (0.25,0) [0|16383] "rpm" ECU
 SG_ Torque : 23|12@0- (0.5,-100) [0|0] "Nm" ECU
 SG_ Gear : 40|4@1+ (1,0) [0|15] "" ECU
 SG_ Counter : 56|8@1+ (1,0) [0|255] "" ECU
BO_ 512 Wheels: 8 ECU
 SG_ Speed : 7|16@0+ (0.01,0) [0|655] "km/h" ECU
 SG_ Slip : 16|32@1- (1,0) [0|0] "%" ECU
 SG_ Counter : 63|8@0+ (1,0) [0|255] "" ECU
BO_ 2147484416 Battery: 8 ECU
 SG_ Page M : 0|8@1+ (1,0) [0|255] "" ECU
 SG_ Cell1 m1 : 8|16@1+ (0.001,0) [0|65] "V" ECU
 SG_ Cell2 m2 : 8|16@1+ (0.001,0) [0|65] "V" ECU
 SG_ Temperature : 32|8@1+ (1,-40) [-40|215] "degC" ECU
SIG_VALTYPE_ 512 Slip : 1;
VAL_ 256 Gear 0 "Park" 1 "Reverse" 2 "Neutral" 3 "Drive" ;
"""
TRUCK = """VERSION ""
BU_: ECU
BO_ 2364540158 EEC1: 8 Vector__XXX
 SG_ EngineSpeed : 24|16@1+ (0.125,0) [0|8031.875] "rpm" Vector__XXX
 SG_ TorqueMode : 0|4@1+ (1,0) [0|15] "" Vector__XXX
BO_ 2566843646 VIN: 20 Vector__XXX
 SG_ FirstLetter : 0|8@1+ (1,0) [0|255] "" Vector__XXX
 SG_ LastWord : 128|32@1+ (1,0) [0|4211081215] "" Vector__XXX
BO_ 2565800190 Addressed: 8 Vector__XXX
 SG_ Wanted : 0|8@1+ (1,0) [0|250] "" Vector__XXX
BA_DEF_ BO_  "VFrameFormat" ENUM  "StandardCAN","ExtendedCAN","reserved","J1939PG";
BA_DEF_  "ProtocolType" STRING ;
BA_DEF_DEF_  "VFrameFormat" "J1939PG";
BA_DEF_DEF_  "ProtocolType" "";
BA_ "ProtocolType" "J1939";
BA_ "VFrameFormat" BO_ 2364540158 3;
BA_ "VFrameFormat" BO_ 2566843646 3;
BA_ "VFrameFormat" BO_ 2565800190 3;
"""
BOAT = """VERSION ""
BU_: GPS
BO_ 2381841918 GNSS: 43 Vector__XXX
 SG_ Sequence : 0|8@1+ (1,0) [0|252] "" Vector__XXX
 SG_ Latitude : 56|64@1- (1e-16,0) [-90|90] "deg" Vector__XXX
 SG_ Longitude : 120|64@1- (1e-16,0) [-180|180] "deg" Vector__XXX
 SG_ Satellites : 264|8@1+ (1,0) [0|252] "" Vector__XXX
BO_ 2381386494 Heading: 8 Vector__XXX
 SG_ Heading : 8|16@1+ (0.0001,0) [0|6.5532] "rad" Vector__XXX
BO_ 2381840894 Position: 8 Vector__XXX
 SG_ QuickLatitude : 0|32@1- (1e-07,0) [-90|90] "deg" Vector__XXX
 SG_ QuickLongitude : 32|32@1- (1e-07,0) [-180|180] "deg" Vector__XXX
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as a person writes it; an identifier of eight digits has 29 bits."""

    time_s: float
    id: str
    data: str

    @property
    def key(self) -> int:
        return int(self.id, 16) | (EXTENDED if len(self.id) == 8 else 0)

    def message(self) -> can.Message:
        return can.Message(
            timestamp=self.time_s,
            arbitration_id=int(self.id, 16),
            is_extended_id=len(self.id) == 8,
            data=bytes.fromhex(self.data),
            channel=0,
            is_rx=True,
        )

    def line(self) -> str:
        return f"({self.time_s:.6f}) can0 {self.id}#{self.data.replace(' ', '').upper()}\n"


def database(folder: Path, text: str, name: str = "car.dbc") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def tables_of(folder: Path, text: str, name: str = "car.dbc") -> CanTables:
    return load_tables(database(folder, text, name))


def car_frames(n: int = 300) -> list[Frame]:
    """Return frames of all messages of `CAR`, short ones and unknown ones among them."""
    rng = np.random.default_rng(7)
    frames: list[Frame] = []
    for i in range(n):
        payload = rng.integers(0, 256, 8, dtype=np.uint8)
        identifier = ("100", "200", "00000300", "7FF")[i % 4]
        if identifier == "00000300":
            payload[0] = i // 4 % 4
        n_bytes = 8 if i % 29 else 4
        frames.append(Frame(START_S + i * 0.001, identifier, payload[:n_bytes].tobytes().hex()))
    return frames


def as_arrays(frames: Iterable[Frame]) -> Frames:
    given = list(frames)
    payloads = [bytes.fromhex(frame.data) for frame in given]
    width = max([8, *map(len, payloads)])
    data = np.zeros((len(given), width), dtype=np.uint8)
    for row, payload in zip(data, payloads, strict=True):
        row[: len(payload)] = np.frombuffer(payload, dtype=np.uint8)
    return Frames(
        np.array([round(frame.time_s * 1e6) * 1000 for frame in given], dtype=np.int64),
        np.array([frame.key for frame in given], dtype=np.int64),
        np.array([len(payload) for payload in payloads], dtype=np.int64),
        data,
        np.zeros(len(given), dtype=np.int64),
    )


def decode_all(
    tables: CanTables, frames: Iterable[Frame], **options: str
) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return machine -> column -> (time_ns, value) of everything decoded."""
    decoder = CanDecoder(CanOptions(tables, **options), "car")
    return collected(decoder.decode(as_arrays(frames)))


def collected(pieces: Iterable[Decoded]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for piece in pieces:
        for batch in piece.batches:
            for column, values in batch.columns.items():
                there = ~np.isnan(values)
                rows = zip(batch.time_ns[there].tolist(), values[there].tolist(), strict=True)
                found.setdefault(batch.machine, {}).setdefault(column, []).extend(rows)
    return found


def series(found: list[tuple[int, float]]) -> tuple[IntArray, FloatArray]:
    time_ns, values = zip(*found, strict=True)
    return np.array(time_ns, dtype=np.int64), np.array(values, dtype=np.float64)


def judged(path: Path, frames: Iterable[Frame]) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Return what cantools decodes of the frames, one by one: by message and signal."""
    loaded = cantools.database.load_file(path, strict=False)
    assert isinstance(loaded, Database)
    known = {
        message.frame_id | (EXTENDED if message.is_extended_frame else 0): message
        for message in loaded.messages
    }
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for frame in frames:
        message = known.get(frame.key)
        if message is None:
            continue
        values = decoded_by_cantools(message, bytes.fromhex(frame.data))
        for signal, value in values:
            row = round(frame.time_s * 1e6) * 1000, value
            found.setdefault((message.name, signal), []).append(row)
    return found


def decoded_by_cantools(message: Message, data: bytes) -> Iterator[tuple[str, float]]:
    try:
        values = message.decode(data, decode_choices=False, allow_truncated=True)
    except cantools.database.errors.DecodeError:  # a page that the database does not have
        values = {}
        for signal in message.signals:
            values |= {} if signal.multiplexer_ids else _alone(message, signal, data)
    assert isinstance(values, dict)
    for name, value in values.items():
        assert isinstance(value, int | float)
        yield name, float(value)


def _alone(message: Message, signal: Signal, data: bytes) -> dict[str, float]:
    """Return what cantools decodes of one signal of a message, as if it had no other."""
    plain = Signal(
        signal.name,
        signal.start,
        signal.length,
        signal.byte_order,
        is_signed=signal.is_signed,
        conversion=signal.conversion,
    )
    values = Message(message.frame_id, "M", message.length, [plain]).decode(
        data, allow_truncated=True
    )
    assert isinstance(values, dict)
    return {name: float(value) for name, value in values.items()}  # type: ignore[arg-type]


def at(seconds: float) -> int:
    return START_S * NS_PER_S + round(seconds * NS_PER_S)
