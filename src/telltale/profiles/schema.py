"""What a machine is, as plain values: the shape of a profile file after it was read and checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from telltale.profiles.points import Point

Level = Literal["warn", "critical"]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0)]
NonNegativeFloat = Annotated[float, msgspec.Meta(ge=0)]
NOT_IN_FILE = ("id", "outputs")  # of a profile: the file's name, and what its models give


class Alias(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another name of a channel, as some system writes it, with that system's unit.

    Attributes:
        name: As written by the feed; matched without regard to case.
        unit: The feed's unit if it is not the channel's own, e.g. "degF", "psi".
        source: Whose name it is, e.g. "PUMP", "SAE J1979 010C", "DBC".
    """

    name: str
    unit: str | None = None
    source: str | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a channel or metric is abnormal, in its own unit.

    Attributes:
        warn_below, warn_above, critical_below, critical_above: Bounds; beyond is abnormal.
        hysteresis: How far back inside the bound the value must come before it is normal again.
        hold_s: How long the value must stay beyond the bound before an event opens.
        clear_s: How long it must stay back inside before the event closes.
        when: Optional condition on another channel, e.g. ["boost_bar", "above", 0.5].
        advice: What to do, one sentence.
        source: Where the numbers come from.
    """

    warn_below: float | None = None
    warn_above: float | None = None
    critical_below: float | None = None
    critical_above: float | None = None
    hysteresis: NonNegativeFloat = 0.0
    hold_s: NonNegativeFloat = 0.0
    clear_s: NonNegativeFloat = 0.0
    when: tuple[str, Literal["above", "below"], float] | None = None
    advice: str | None = None
    source: str | None = None


class Obd2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an OBD-II adapter finds a channel, and what its bytes mean.

    Service 01 is the standard's: telltale knows its PIDs. For a maker's own (22) the value is
    `offset + scale * raw`, raw being the first `bytes` bytes of the answer, high byte first.

    Attributes:
        service, pid: In hex.
        group: How often it is asked: 20 or 2 times a second unless the source says otherwise.
        bytes, signed: What the raw number is made of.
        scale, offset: From the raw number to `unit`.
        unit: Of the value so made; None for the channel's own.
        ecu: Address that is asked, in hex, e.g. "7E0"; None for the engine's.
    """

    service: str
    pid: str
    group: Literal["fast", "slow"] = "fast"
    bytes: Annotated[int, msgspec.Meta(ge=1, le=8)] | None = None
    signed: bool = False
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    ecu: str | None = None


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is measured.

    Attributes:
        title: For people: "Bearing temperature".
        unit: As shown, e.g. "degC"; must be what the name's suffix says.
        range: What the sensor can give; values outside are rejected.
        scale: Ends of the analog scale on the page; the range if absent.
        normal: Usual values in healthy operation, until something was learnt.
        decimals: Digits after the point that the sensor is worth.
        limits: When it is abnormal.
        no_limit: Why it has none, one sentence.
        aliases: Other names; a plain string is a name in the channel's own unit.
        codes: Words of a coded channel, e.g. {"GF" = 0, "FCY" = 1}.
        fill_s: Forward fill reaches this far for the pipeline; None takes the profile's.
        obd2: How an OBD-II adapter reads it.
        source: Where the facts come from.
    """

    title: str
    unit: str
    range: tuple[float, float]
    scale: tuple[float, float] | None = None
    normal: tuple[float, float] | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 1
    limits: Limits | None = None
    no_limit: str | None = None
    aliases: tuple[str | Alias, ...] = ()
    codes: dict[str, float] = {}
    fill_s: NonNegativeFloat | None = None
    obd2: Obd2 | None = None
    source: str | None = None


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One derived value: a function from the metric table, its inputs and its settings.

    Attributes:
        title, unit, scale, normal, decimals, limits: As for a channel.
        function: A name in `pipeline.metrics.METRICS`.
        inputs: Channels, or metrics declared before this one, in the function's order.
        settings: Keyword settings of the function, e.g. {"window_s" = 10}.
    """

    title: str
    unit: str
    function: str
    inputs: tuple[str, ...]
    settings: dict[str, Any] = {}
    scale: tuple[float, float] | None = None
    normal: tuple[float, float] | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 2
    limits: Limits | None = None
    source: str | None = None


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column that a model gives: shown, kept and limited as a metric is.

    Attributes:
        title, unit, scale, normal, decimals, limits: As for a channel.
        model: The model that gives it.
    """

    title: str
    unit: str
    model: str = ""
    scale: tuple[float, float] | None = None
    normal: tuple[float, float] | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 2
    limits: Limits | None = None


class SimulatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which simulator plays this machine, and how often it reads."""

    name: str
    rate_hz: PositiveFloat = 10.0
    settings: dict[str, Any] = {}


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A machine type. `id` is the file's name; everything else is in the file.

    Attributes:
        id: Names the profile, its table in the store and its file.
        title: For people: "Industrial pump".
        description: One or two sentences.
        channels, metrics: By name; the name's suffix is the unit.
        outputs: What the models of one machine give; never in a file, as its models say it.
        cards: Channels and metrics on the live page, most important first.
        charts: Which of them are charted there.
        rate_hz: Usual rate of readings.
        stale_after_s: No reading for this long makes the machine stale.
        fill_s: Default reach of forward fill, seconds.
        session_gap_s: A pause longer than this starts a new session.
        learn_s: Calm readings of a machine from which what is normal is learnt by itself; 0 never.
        models: Models that telltale brings along for this kind of machine, by name.
        points: Where vibration is measured as waveforms; each adds channels of its own.
        simulator: How it is simulated, if it can be.
        inferred: True when telltale wrote the profile from data and nobody has checked it.
        sources: Documents and data that the facts come from.
    """

    id: str
    title: str
    description: str
    channels: dict[str, Channel]
    metrics: dict[str, Metric] = {}
    outputs: dict[str, Output] = {}
    cards: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    rate_hz: PositiveFloat = 1.0
    stale_after_s: PositiveFloat = 10.0
    fill_s: NonNegativeFloat = 5.0
    session_gap_s: PositiveFloat = 1800.0
    learn_s: NonNegativeFloat = 0.0
    models: tuple[str, ...] = ()
    points: dict[str, Point] = {}
    simulator: SimulatorSettings | None = None
    inferred: bool = False
    sources: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of this machine: channels, then metrics, then outputs of models."""
        return (*self.channels, *self.metrics, *self.outputs)

    def signal(self, name: str) -> Channel | Metric | Output:
        """Return the channel, metric or output of this name; KeyError if there is none."""
        if name in self.channels:
            return self.channels[name]
        return self.metrics[name] if name in self.metrics else self.outputs[name]

    def fill_reach_s(self, channel: str) -> float:
        """Return how long a channel's last value stands in for a missing one, seconds."""
        own_s = self.channels[channel].fill_s
        return self.fill_s if own_s is None else own_s
