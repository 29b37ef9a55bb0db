"""A measuring point in a profile: what it adds, and what is told of its faults."""

from __future__ import annotations

import msgspec
import pytest

from telltale.errors import ProfileError
from telltale.profiles.parse import parse_profile
from telltale.profiles.point_channels import fed_channels, point_channels
from telltale.profiles.points import MAX_POINTS
from telltale.profiles.schema import Profile
from telltale.profiles.write import to_toml
from telltale.units import suffix_of, unit_of_name

HEAD = 'title = "Motor"\ndescription = "A motor."\n'
POINT = """[points.drive_end]
rate_hz = 12000
shaft_rpm = "speed_rpm"
bearing = { balls = 9, ball_mm = 7.94, pitch_mm = 39.04 }
gear = { teeth = 29 }
"""
SPEED = '[channels.speed_rpm]\ntitle = "Speed"\nunit = "rpm"\nrange = [0, 5000]\n'
GOOD = HEAD + POINT + SPEED


def parsed(text: str) -> Profile:
    return parse_profile(text, id="motor", file="motor.toml")


def test_a_point_adds_its_channels_behind_those_that_a_feed_sends() -> None:
    profile = parsed(GOOD)
    added = point_channels("drive_end", profile.points["drive_end"])
    assert tuple(profile.channels) == ("speed_rpm", *added)
    assert fed_channels(profile) == ("speed_rpm",)
    assert profile.channels["drive_end_acceleration_rms_g"].unit == "g"
    limits = profile.channels["drive_end_outer_race_share"].limits
    assert limits is not None
    assert limits.when == ("drive_end_bearing_evidence", "above", 1.0)
    assert profile.channels["drive_end_gear_score"].limits is not None


def test_a_point_alone_is_a_machine() -> None:
    profile = parsed(HEAD + '[points.pump]\nrate_hz = 5000\nunit = "m/s2"\n')
    assert "pump_acceleration_peak_m_s2" in profile.channels
    assert not any("share" in name for name in profile.channels)


@pytest.mark.parametrize("unit", ["g", "m/s2"])
def test_the_names_of_a_points_channels_say_their_units(unit: str) -> None:
    profile = parsed(GOOD.replace("rate_hz", f'unit = "{unit}"\nrate_hz'))
    for name, channel in profile.channels.items():
        assert unit_of_name(name) in {None, channel.unit}
        if "acceleration" in name:
            assert name.endswith(f"_{suffix_of(unit)}")


def test_a_channel_that_the_file_has_goes_before_the_points_own() -> None:
    own = '[channels.drive_end_kurtosis]\ntitle = "K"\nunit = "1"\nrange = [0, 99]\n'
    profile = parsed(GOOD + own + "limits = { warn_above = 6 }\n")
    assert profile.channels["drive_end_kurtosis"].title == "K"
    assert fed_channels(profile) == ("speed_rpm",)
    assert parsed(to_toml(profile)) == profile


def test_a_written_profile_holds_its_points_and_not_their_channels() -> None:
    orders = "orders = { bpfo = 3.58, bpfi = 5.42, bsf = 2.36, ftf = 0.398 }"
    text = GOOD + f"[points.fan_side]\nrate_hz = 25600\nshaft_rpm = 990.5\n{orders}\n"
    profile = parsed(text)
    written = to_toml(profile)
    assert written.count("[channels.") == 1
    assert parsed(written) == profile
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile


HUGE = "orders = { bpfo = 3, bpfi = 5e8, bsf = 2, ftf = 0.4 }"
ORDERS = "orders = { bpfo = 3, bpfi = 5, bsf = 2, ftf = 0.4 }\n"
KURTOSIS = '[channels.drive_end_kurtosis]\ntitle = "K"\nunit = "%"\nrange = [0, 9]\n'
SPEEDLESS = GOOD.replace('shaft_rpm = "speed_rpm"\n', "")
MANY = "".join(f"[points.p{i}]\nrate_hz = 9000\n" for i in range(MAX_POINTS + 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("ball_mm", "bal_mm"), "6: key OWN.bearing.bal_mm: unknown key. Did you mean"),
        (GOOD.replace("rate_hz", "rat_hz"), "4: key OWN.rat_hz: unknown key. Did you mean 'rate_"),
        (GOOD.replace('"speed_rpm"', '"sped_rpm"'), "5: key OWN.shaft_rpm: no channel or metric"),
        (SPEEDLESS, "3: key OWN.shaft_rpm: is missing"),
        (GOOD.replace('"speed_rpm"', "-5"), "5: key OWN.shaft_rpm: -5 is no speed"),
        (GOOD.replace("7.94", "79.4"), "6: key OWN.bearing: balls of 79.4 mm do not fit"),
        (GOOD.replace("balls = 9", "balls = 30"), "6: key OWN.bearing: 30 balls of 7.94 mm do not"),
        (GOOD.replace("7.94", "0.05"), "6: key OWN.bearing: balls of 0.05 mm on a circle of"),
        (GOOD.replace('"speed_rpm"', "1e9"), "5: key OWN.shaft_rpm: 1e+09 is no speed"),
        (
            GOOD.replace("bearing = { balls = 9, ball_mm = 7.94, pitch_mm = 39.04 }", HUGE),
            "6: key OWN.orders.bpfi: expected `float` <= 500",
        ),
        (GOOD.replace("teeth = 29", "teeth = 1"), "7: key OWN.gear.teeth: expected `int` >= 3"),
        (GOOD.replace("= 12000", "= 0"), "4: key OWN.rate_hz: expected `float` >= 1.0"),
        (GOOD.replace("gear =", "top_hz = 6001\ngear ="), "7: key OWN.top_hz: is above half the"),
        (GOOD.replace("drive_end]", '"Drive end"]'), "3: key points.Drive end: a name is up to 30"),
        (GOOD.replace("gear =", f"{ORDERS}gear ="), "7: key OWN.orders: the bearing's geometry is"),
        (
            GOOD.replace('"rpm"', '"degC"').replace("speed_rpm", "speed"),
            "5: key OWN.shaft_rpm: 'sp",
        ),
        (GOOD + KURTOSIS, "14: key channels.drive_end_kurtosis.unit: its measuring point gives it"),
        (HEAD + "points = 3\n" + SPEED, "3: key points: must be a table of tables"),
        (HEAD + SPEED + MANY, "7: key points: more than 64 points"),
    ],
)
def test_what_is_wrong_with_a_point_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ProfileError) as error:
        parsed(text)
    assert f"motor.toml:{told.replace('OWN', 'points.drive_end')}" in str(error.value)


def test_as_many_balls_as_fit_are_taken() -> None:
    assert parsed(GOOD.replace("balls = 9", "balls = 15")).points["drive_end"].bearing is not None
    with pytest.raises(ProfileError, match=r"16 balls .* 15 do, in one row"):
        parsed(GOOD.replace("balls = 9", "balls = 16"))
