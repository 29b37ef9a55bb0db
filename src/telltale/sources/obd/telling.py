"""What an OBD-II source tells of adapter, car and rates: a sentence, and plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telltale.formats.obd.codes import TroubleCode
from telltale.sources.obd.car import Car, shown_codes
from telltale.sources.obd.connect import Connected
from telltale.sources.obd.reader import CarReader


def told(
    connected: Connected,
    car: Car,
    reader: CarReader,
    codes: Sequence[TroubleCode],
    *,
    now_ns: int,
) -> tuple[str, Mapping[str, object]]:
    """Return the sentence and the details of a source that reads a car."""
    what = connected.fingerprint
    rates = reader.schedule.rates(now_ns)
    vin = f", VIN {car.vin}" if car.vin else ""
    clone = " The adapter is probably a copy." if what.is_clone else ""
    sentence = (
        f"Reads {len(rates)} PIDs over {connected.bus}{vin}, by {what.chip or what.name}.{clone}"
    )
    return sentence, {
        "readings_from": "adapter",
        "adapter": {
            "name": what.name,
            "chip": what.chip,
            "doubts": list(what.doubts),
            "port": connected.adapter.link.address,
            "baud": connected.baud,
            "voltage": connected.volts,
        },
        "car": {
            "bus": connected.bus,
            "vin": car.vin,
            "computers": {ecu: len(pids) for ecu, pids in car.computers.items()},
            "engine": car.engine,
        },
        "rates": rates,
        "missing": [name for one in reader.missing for name, _ in one.columns],
        "codes": shown_codes(codes),
        "failures": dict(reader.failures),
        "resets": reader.resets,
    }
