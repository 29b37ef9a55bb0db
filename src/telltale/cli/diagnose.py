"""`telltale diagnose`: what a vibration waveform says of a bearing or gear, with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json, print_table, value_text
from telltale.errors import SettingsError, TooLargeError

KEYS = {"rate_hz": "sample_rate_hz", "rpm": "shaft_rpm"}  # options spelt shorter than the API's
ORDERS = ("bpfo", "bpfi", "bsf", "ftf")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rate-hz", type=float, help="Sampling rate; a WAV file says its own.")
@click.option("--rpm", type=float, help="Shaft speed, turns per minute.")
@click.option("--balls", type=int, help="Rolling elements of the bearing.")
@click.option("--ball-mm", type=float, help="Diameter of one.")
@click.option("--pitch-mm", type=float, help="Diameter of the circle through their centres.")
@click.option("--angle-deg", type=float, help="Contact angle; default: 0.")
@click.option(
    "--orders",
    type=float,
    nargs=4,
    metavar="BPFO BPFI BSF FTF",
    help="Fault orders in multiples of shaft speed, in place of the geometry.",
)
@click.option("--teeth", type=int, help="Of the gear wheel on the shaft.")
@click.option("--unit", type=click.Choice(["g", "m/s2"]), help="Of the samples; default: g.")
@click.option("--scale", type=float, help="Units per count of integers, or per full scale of WAV.")
@click.option("--channel", type=int, help="Which one of several in the file, counted from 1.")
@click.option("--top-hz", type=float, help="Highest frequency used; default: half the rate.")
@click.option("--machine", help="Send it to this machine, which keeps what was found.")
@click.option("--point", help="Measuring point of that machine.")
@click.option("--time", help="When it was recorded, ISO 8601; default: now.")
@data_option
@json_option
def diagnose(
    file: Path,
    data: Path,
    *,
    machine: str | None,
    point: str | None,
    time: str | None,
    as_json: bool,
    **described: Any,
) -> None:
    """Say what the vibration in FILE (JSON, npy, CSV or WAV) tells of a bearing or gear."""
    asked = _asked(described)
    if (machine is None) != (point is None):
        raise SettingsError("Give --machine and --point together, or neither.")
    if machine is None:
        if time is not None:
            raise SettingsError("--time is kept with a machine's readings: give --machine too.")
        found = _found_here(file, asked)
    else:
        from telltale.cli.connection import connect  # noqa: PLC0415 - loads what a server needs

        with connect(data) as client:
            path = f"/machines/{machine}/waveforms"
            found = client.upload(path, file, point=point, time=time, **asked)
    if as_json:
        print_json(found)
    else:
        _print_found(found)


def _asked(described: dict[str, Any]) -> dict[str, Any]:
    """Return what was said of the waveform, as the API spells it."""
    orders = described.pop("orders") or ()
    asked = {KEYS.get(key, key): value for key, value in described.items()}
    asked |= dict(zip(ORDERS, orders, strict=False))
    return {key: value for key, value in asked.items() if value is not None}


def _found_here(file: Path, asked: dict[str, Any]) -> Any:  # Any: as the API answers
    """Return what a file says, without a server."""
    import msgspec  # noqa: PLC0415 - after the help path

    from telltale.formats.waveforms import MAX_BYTES, read_waveform  # noqa: PLC0415
    from telltale.runtime.vibration.asked import (  # noqa: PLC0415
        Asked,
        point_for,
        samples_for,
        told_scale,
    )
    from telltale.runtime.vibration.finding import found_in  # noqa: PLC0415

    if file.stat().st_size > MAX_BYTES:
        raise TooLargeError(f"{file}: more than {MAX_BYTES:,} bytes. Cut a shorter piece of it.")
    known = msgspec.convert(asked, Asked)
    sent = read_waveform(file.read_bytes(), channel=known.channel)
    point = point_for(None, known, sent)
    samples, point = samples_for(None, point, sent)
    found = found_in(samples, point, known.shaft_rpm, warnings=told_scale(point, sent))
    return msgspec.to_builtins(found.finding)


def _print_found(found: dict[str, Any]) -> None:
    click.echo(f"{found['answer'].replace('_', ' ').upper()}: {found['sentence']}")
    for warning in found["warnings"]:
        click.echo(f"Note: {warning}")
    told, unit = found["statistics"], found["unit"]
    velocity = value_text(told["velocity_rms_mm_s"], 2) or "unknown"
    click.echo(
        f"{found['seconds']:.2f} s at {found['rate_hz']:g} Hz: RMS {told['rms']:.3g} {unit}, peak "
        f"{told['peak']:.3g} {unit}, crest factor {told['crest']:.1f}, kurtosis "
        f"{told['kurtosis']:.1f}, velocity RMS 10 to 1,000 Hz {velocity} mm/s."
    )
    lines = [line for key in ("bearing", "gear") if found[key] for line in found[key]["lines"]]
    if lines:
        click.echo()
        head = ("part", "line", "expected Hz", "found Hz", "times background", "stands out")
        print_table(head, [_row(line) for line in lines], "")


def _row(line: dict[str, Any]) -> tuple[object, ...]:
    side = f" {line['sideband']:+d}" if line["sideband"] else ""
    return (
        line["part"].replace("_", " "),
        f"{line['harmonic']} x {line['name']}{side}",
        round(line["expected_hz"], 1),
        round(line["found_hz"], 1),
        None if line["ratio"] is None else round(line["ratio"], 1),
        "yes" if line["stands_out"] else "",
    )
