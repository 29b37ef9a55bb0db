"""Units: what a name's suffix says, how a unit is shown, and how to get from one to another.

Only units of one quantity convert. Quantities are told apart by this table, not by dimension:
an angle is not a percentage, and turns per minute are 1/60 Hz, not radians per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from telltale.errors import UnitError
from telltale.registry import suggest


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit.

    Attributes:
        id: As profiles and the store write it.
        symbol: As people see it.
        quantity: What it measures; only units of the same quantity convert.
        pint: Its definition for pint; None where only identity makes sense.
        suffix: Ending of a channel's name that means this unit, without the underscore.
        spellings: Other ways feeds write it; compared without case and spaces.
    """

    id: str
    symbol: str
    quantity: str
    pint: str | None
    suffix: str | None = None
    spellings: tuple[str, ...] = ()


UNITS: tuple[Unit, ...] = (
    Unit("1", "", "ratio", "dimensionless", "ratio", ("-", "ratio", "unitless", "none", "afr")),
    Unit("%", "%", "ratio", "percent", "pct", ("pct", "percent", "prozent", "%rh", "% rh")),
    Unit("ppm", "ppm", "ratio", "ppm", "ppm"),
    Unit("count", "", "count", "dimensionless", "count", ("counts", "#")),
    Unit("lambda", "λ", "equivalence ratio", None, "lambda", ("λ",)),
    Unit("degC", "°C", "temperature", "degC", "c", ("°c", "c", "℃", "celsius", "degreecelsius")),
    Unit("degF", "°F", "temperature", "degF", "f", ("°f", "f", "℉", "fahrenheit")),
    Unit("K", "K", "temperature", "kelvin", "kelvin", ("kelvin", "degk", "°k")),
    # A difference of temperatures converts without the offset of a temperature.
    Unit("delta_degC", "°C", "temperature difference", "delta_degC", "c_diff"),
    Unit("delta_degF", "°F", "temperature difference", "delta_degF", "f_diff"),
    Unit("degC/s", "°C/s", "temperature rate", "delta_degC/s", "c_per_s", ("°c/s", "c/s")),
    Unit("degC/min", "°C/min", "temperature rate", "delta_degC/min", "c_per_min", ("°c/min",)),
    Unit("degF/s", "°F/s", "temperature rate", "delta_degF/s", "f_per_s", ("°f/s",)),
    # Gauge and absolute pressure have the same unit here; the channel says which one it is.
    Unit("bar", "bar", "pressure", "bar", "bar", ("barg", "bara", "bar(g)", "bar(a)", "bars")),
    Unit("mbar", "mbar", "pressure", "millibar", "mbar"),
    Unit("Pa", "Pa", "pressure", "pascal", "pa", ("pascal",)),
    Unit("hPa", "hPa", "pressure", "hectopascal", "hpa"),
    Unit("kPa", "kPa", "pressure", "kilopascal", "kpa", ("kilopascal", "kpa(abs)", "kpaa")),
    Unit("MPa", "MPa", "pressure", "megapascal", "mpa"),
    Unit("psi", "psi", "pressure", "psi", "psi", ("psig", "psia", "lb/in2", "lbf/in2")),
    Unit("inHg", "inHg", "pressure", "inch_Hg", "inhg"),
    Unit("bar/s", "bar/s", "pressure rate", "bar/s", "bar_per_s"),
    Unit("psi/s", "psi/s", "pressure rate", "psi/s", "psi_per_s"),
    Unit("bar/krpm", "bar/1000 rpm", "turbo response", "bar/kilocount", "bar_per_krpm"),
    Unit("bar/rpm", "bar/rpm", "turbo response", "bar/count", "bar_per_rpm"),
    Unit("psi/rpm", "psi/rpm", "turbo response", "psi/count", "psi_per_rpm"),
    Unit("mm/s", "mm/s", "speed", "millimeter/second", "mm_s", ("mm/sec", "mm/s rms", "mms")),
    Unit("m/s", "m/s", "speed", "meter/second", "m_s", ("mps", "m/sec")),
    Unit("km/h", "km/h", "speed", "kilometer/hour", "km_h", ("kmh", "kph", "kmph", "km/hr")),
    Unit("mph", "mph", "speed", "mile/hour", "mph", ("mi/h", "miles/h")),
    Unit("in/s", "in/s", "speed", "inch/second", "in_s", ("ips", "inch/s")),
    Unit("rpm", "rpm", "frequency", "count/minute", "rpm", ("rev/min", "r/min", "u/min", "1/min")),
    Unit("krpm", "1000 rpm", "frequency", "kilocount/minute", "krpm", ("rpmx1000", "x1000rpm")),
    Unit("Hz", "Hz", "frequency", "count/second", "hz", ("hertz", "1/s", "rev/s")),
    Unit("kHz", "kHz", "frequency", "kilocount/second", "khz"),
    Unit("count/min", "/min", "event rate", "count/minute", "per_min", ("/min", "per min")),
    Unit("count/s", "/s", "event rate", "count/second", "per_s", ("/s", "per s")),
    Unit("rpm/s", "rpm/s", "angular acceleration", "count/minute/second", "rpm_per_s"),
    Unit("l/min", "L/min", "volume flow", "liter/minute", "l_min", ("lpm", "litre/min", "l/m")),
    Unit("l/h", "L/h", "volume flow", "liter/hour", "l_h", ("lph", "litre/h")),
    Unit("m3/h", "m³/h", "volume flow", "meter**3/hour", "m3_h", ("m³/h", "cbm/h", "m^3/h")),
    Unit("gpm", "gpm", "volume flow", "gallon/minute", "gpm", ("gal/min",)),
    Unit("g/s", "g/s", "mass flow", "gram/second", "g_s", ("gps", "gram/s", "g/sec", "grams/s")),
    Unit("kg/h", "kg/h", "mass flow", "kilogram/hour", "kg_h"),
    Unit("lb/min", "lb/min", "mass flow", "pound/minute", "lb_min"),
    Unit("A", "A", "current", "ampere", "a", ("amp", "amps", "ampere")),
    Unit("mA", "mA", "current", "milliampere", "ma"),
    Unit("V", "V", "voltage", "volt", "v", ("volt", "volts", "vdc", "vac")),
    Unit("mV", "mV", "voltage", "millivolt", "mv"),
    Unit("Ohm", "Ω", "resistance", "ohm", "ohm", ("ω", "ohms")),
    # A bare "g" is standard gravity: machines report accelerations in it, never masses.
    Unit("g", "g", "acceleration", "standard_gravity", "g", ("grms", "g rms", "gravity")),
    Unit("m/s2", "m/s²", "acceleration", "meter/second**2", "m_s2", ("m/s²", "m/s^2", "mps2")),
    Unit("g2", "g²", "acceleration squared", "standard_gravity**2", "g2", ("g²", "g^2")),
    Unit("g2*s", "g²·s", "cornering energy", "standard_gravity**2*s", "g2_s", ("g²·s", "g^2*s")),
    Unit("bar*m", "bar·m", "brake energy", "bar*meter", "bar_m", ("bar·m",)),
    Unit("deg", "°", "angle", "degree", "deg", ("°", "degree", "degrees", "°btdc", "degbtdc")),
    Unit("rad", "rad", "angle", "radian", "rad", ("radian",)),
    Unit("deg/s", "°/s", "angular rate", "degree/second", "deg_s", ("°/s", "dps")),
    Unit("rad/s", "rad/s", "angular rate", "radian/second", "rad_s"),
    Unit("Nm", "N·m", "torque", "newton*meter", "nm", ("n*m", "n·m", "n-m", "newtonmeter")),
    Unit("lbft", "lb·ft", "torque", "lbf*foot", "lbft", ("lb-ft", "ft-lb", "ftlb", "lb ft")),
    Unit("W", "W", "power", "watt", "w", ("watt", "watts")),
    Unit("kW", "kW", "power", "kilowatt", "kw", ("kilowatt",)),
    Unit("kW/A", "kW/A", "power per current", "kilowatt/ampere", "kw_per_a"),
    Unit("hp", "hp", "power", "horsepower", "hp", ("bhp", "horsepower")),
    Unit("PS", "PS", "power", "metric_horsepower", "ps"),
    Unit("J", "J", "energy", "joule", "j", ("joule",)),
    Unit("kJ", "kJ", "energy", "kilojoule", "kj"),
    Unit("Wh", "Wh", "energy", "watt*hour", "wh"),
    Unit("kWh", "kWh", "energy", "kilowatt*hour", "kwh"),
    Unit("dB", "dB", "level", None, "db", ("decibel", "dbuv", "dbµv")),
    Unit("ns", "ns", "time", "nanosecond", "ns"),
    Unit("us", "µs", "time", "microsecond", "us", ("µs", "μs", "usec")),
    Unit("ms", "ms", "time", "millisecond", "ms", ("msec", "millisecond", "milliseconds")),
    Unit("s", "s", "time", "second", "s", ("sec", "secs", "second", "seconds")),
    Unit("min", "min", "time", "minute", "minutes", ("mins", "minute", "minutes")),
    Unit("h", "h", "time", "hour", "h", ("hr", "hrs", "hour", "hours")),
    Unit("um", "µm", "length", "micrometer", "um", ("µm", "μm", "micron")),
    Unit("mm", "mm", "length", "millimeter", "mm", ("millimeter", "millimetre")),
    Unit("cm", "cm", "length", "centimeter", "cm"),
    Unit("m", "m", "length", "meter", "m", ("meter", "metre", "meters", "metres")),
    Unit("km", "km", "length", "kilometer", "km", ("kilometer", "kilometre")),
    Unit("mi", "mi", "length", "mile", "mi", ("mile", "miles")),
    Unit("in", "in", "length", "inch", "in", ("inch",)),
    Unit("ft", "ft", "length", "foot", "ft", ("foot", "feet")),
    Unit("l", "L", "volume", "liter", "l", ("liter", "litre", "liters", "litres")),
    Unit("m3", "m³", "volume", "meter**3", "m3", ("m³", "m^3", "cbm")),
    Unit("gal", "gal", "volume", "gallon", "gal", ("gallon", "gallons")),
    Unit("kg", "kg", "mass", "kilogram", "kg", ("kilogram",)),
    Unit("mg", "mg", "mass", "milligram", "mg", ("milligram",)),
    Unit("lb", "lb", "mass", "pound", "lb", ("lbs", "pound", "pounds")),
    Unit("N", "N", "force", "newton", "n", ("newton",)),
    Unit("kN", "kN", "force", "kilonewton", "kn"),
    Unit("%/s", "%/s", "ratio rate", "percent/second", "pct_per_s", ("pct/s",)),
)

# Endings that are more often a word or a letter than a unit: `mount_in`, `phase_n`, `gear_h`.
# A channel of that unit may still carry them, but a name alone does not prove the unit.
WEAK_SUFFIXES = frozenset({"in", "n", "l", "h", "j", "f", "ps", "mi", "ft", "pa"})

_BY_ID = {unit.id: unit for unit in UNITS}
_BY_SUFFIX = {
    unit.suffix: unit.id for unit in UNITS if unit.suffix and unit.suffix not in WEAK_SUFFIXES
}
_SUFFIX_OF = {unit.id: unit.suffix for unit in UNITS if unit.suffix}


def _squeezed(spelling: str) -> str:
    """Return a spelling without case, spaces and brackets, as the table compares it."""
    return "".join(spelling.casefold().split()).strip("[]")


def _spelled() -> dict[str, str]:
    """Return every squeezed spelling with its unit; ids win over spellings of other units."""
    table = {_squeezed(word): unit.id for unit in UNITS for word in unit.spellings}
    return table | {_squeezed(unit.id): unit.id for unit in reversed(UNITS)}


_BY_SPELLING = _spelled()


def unit_id(spelling: str) -> str | None:
    """Return the unit that a feed or a person means, None if it is not known.

    Case decides only where it must ("mPa" is not known, "MPa" is).
    """
    if spelling in _BY_ID:
        return spelling
    return _BY_SPELLING.get(_squeezed(spelling))


def unit_of_name(name: str) -> str | None:
    """Return the unit that a channel name's suffix says, the longest suffix first, else None."""
    parts = name.split("_")
    for start in range(1, len(parts)):
        if parts[0] and (unit := _BY_SUFFIX.get("_".join(parts[start:]))):
            return unit
    return None


def unit_of_suffix(suffix: str) -> str | None:
    """Return the unit of exactly this ending, given without its underscore, else None."""
    return _BY_SUFFIX.get(suffix)


def suffix_of(unit: str) -> str | None:
    """Return the ending for names of channels in this unit, None if it has none."""
    return _SUFFIX_OF.get(unit_id(unit) or "")


def symbol(unit: str) -> str:
    """Return the unit as people see it; an unknown one as it is."""
    known = unit_id(unit)
    return unit if known is None else _BY_ID[known].symbol


def quantity(unit: str) -> str:
    """Return what a unit measures. Raises UnitError if it is not known."""
    return _known(unit).quantity


@lru_cache(maxsize=1024)
def conversion(from_unit: str, to_unit: str) -> tuple[float, float]:
    """Return (scale, offset): value in `to_unit` = scale * value in `from_unit` + offset.

    Raises:
        UnitError: One of them is unknown, or they measure different quantities.
    """
    source, target = _known(from_unit), _known(to_unit)
    if source.id == target.id:
        return 1.0, 0.0
    if source.quantity != target.quantity or source.pint is None or target.pint is None:
        raise UnitError(
            f"{from_unit!r} ({source.quantity}) cannot become {to_unit!r} ({target.quantity}). "
            "Check the unit of this channel and of its feed."
        )
    registry = _pint_registry()
    offset = float(registry.Quantity(0.0, source.pint).to(target.pint).magnitude)
    step = registry.Quantity(1.0, _difference(source.pint)).to(_difference(target.pint))
    return float(step.magnitude), offset


def _difference(pint_unit: str) -> str:
    """Return pint's unit for differences: a step of 1 degF is not the temperature 1 degF."""
    return f"delta_{pint_unit}" if pint_unit in {"degC", "degF"} else pint_unit


def _known(spelling: str) -> Unit:
    """Return the unit, or raise UnitError with the nearest known one."""
    known = unit_id(spelling)
    if known is None:
        raise UnitError(f"Unknown unit {spelling!r}. {suggest(spelling, _BY_ID)}")
    return _BY_ID[known]


@cache
def _pint_registry() -> Any:  # Any: pint's registry builds its classes at run time
    """Return pint's registry. It takes a third of a second, so only who converts pays for it."""
    import pint  # noqa: PLC0415

    return pint.UnitRegistry()
