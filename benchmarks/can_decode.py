"""Frames a second from a candump file to decoded batches: read, parsed, decoded, put into rows.

One process, one thread. The log is made here: 20 messages of 6 to 8 signals of both byte orders,
some multiplexed, at rates from 10 to 100 Hz, as on a car's bus.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from telltale.formats.can.databases import load_tables
from telltale.formats.can.options import CanOptions
from telltale.formats.facts import ReadOptions
from telltale.formats.files import read_file

TARGET_FRAMES_PER_S = 300_000
FRAMES = 500_000
MESSAGES = 20
BEST_OF = 3
START_S = 1_763_712_000
UNITS = ("rpm", "km/h", "degC", "Nm", "V", "")


def database() -> str:
    lines = ['VERSION ""', "BU_: ECU"]
    for i in range(MESSAGES):
        lines.append(f"BO_ {256 + 16 * i} Message{i}: 8 ECU")
        is_paged = i % 5 == 0
        for j in range(6):
            start, order = (7 + 8 * j, "0") if i % 2 else (8 * j, "1")
            sign = "-" if j % 3 == 0 else "+"
            page = f" m{j % 2}" if is_paged and j > 3 else ""
            unit = UNITS[j]
            lines.append(
                f' SG_ Signal{i}_{j}{page} : {start}|8@{order}{sign} (0.5,-40) [0|0] "{unit}" ECU'
            )
        lines.append(f' SG_ Counter{i}{" M" if is_paged else ""} : 56|4@1+ (1,0) [0|0] "" ECU')
    return "\n".join(lines) + "\n"


def write_log(path: Path, frames: int) -> None:
    rng = np.random.default_rng(1)
    message = rng.integers(0, MESSAGES, frames)
    time_us = START_S * 1_000_000 + np.cumsum(rng.integers(150, 500, frames))
    payloads = rng.integers(0, 256, (frames, 8), dtype=np.uint8)
    rows = zip(time_us.tolist(), message.tolist(), payloads, strict=True)
    with path.open("w") as file:
        for us, number, payload in rows:
            file.write(
                f"({us // 1_000_000}.{us % 1_000_000:06d}) can0 "
                f"{256 + 16 * number:03X}#{payload.tobytes().hex().upper()}\n"
            )


def measure(frames: int = FRAMES) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        dbc, log = Path(folder) / "bench.dbc", Path(folder) / "bench.log"
        dbc.write_text(database())
        write_log(log, frames)
        options = ReadOptions(can=CanOptions(load_tables(dbc)))
        taken_s = []
        for _ in range(BEST_OF):
            begin_s = time.process_time()
            rows = sum(piece.rows for piece in read_file(log, options))
            taken_s.append(time.process_time() - begin_s)
    return {
        "frames": frames,
        "rows": rows,
        "signals": options.can.tables.n_signals if options.can else 0,
        "frames_per_s": round(frames / min(taken_s)),
        "cpu_s": [round(one, 3) for one in taken_s],
    }


if __name__ == "__main__":
    print(measure())
