from __future__ import annotations

import pytest

from telltale.errors import ProfileError
from telltale.profiles.parse import parse_profile

HEAD = 'title = "Pump"\ndescription = "A pump."\n'
CHANNEL = '[channels.oil_temp_c]\ntitle = "Oil"\nunit = "degC"\nrange = [-40, 200]\n'
WATER = '[channels.water_c]\ntitle = "Water"\nunit = "degC"\nrange = [0, 9]\n'
RATE = '[metrics.oil_rise_c_per_s]\ntitle = "Rise"\nunit = "degC/s"\nfunction = "rate"\n'
GOOD = HEAD + CHANNEL


def failure(text: str, profile_id: str = "pump") -> str:
    with pytest.raises(ProfileError) as error:
        parse_profile(text, id=profile_id, file="pump.toml")
    return str(error.value)


def test_a_small_profile_is_read() -> None:
    profile = parse_profile(GOOD, id="pump", file="pump.toml")
    assert profile.id == "pump"
    assert profile.channels["oil_temp_c"].range == (-40.0, 200.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = \n", "1: not valid TOML"),
        (
            HEAD + "channel = {}\n" + CHANNEL,
            "3: key channel: unknown key. Did you mean 'channels'?",
        ),
        ('id = "x"\n' + GOOD, "1: key id: unknown key; the id is the file's name."),
        (GOOD + "rnge = 1\n", "7: key OIL.rnge: unknown key. Did you mean 'range'?"),
        (
            GOOD + "[channels.oil_temp_c.limits]\nwarn_abov = 3\n",
            "8: key OIL.limits.warn_abov: unknown key. Did you mean 'warn_above'?",
        ),
        (
            GOOD + "limits = { warn_above = 90,\n critical = 1 }\n".replace("\n ", " "),
            "7: key OIL.limits.critical: unknown key.",
        ),
        (
            GOOD + 'aliases = [\n  "oil",\n  { nme = "x" },\n]\n',
            "9: key OIL.aliases[1]",
        ),
        (GOOD + 'decimals = "two"\n', "7: key OIL.decimals: expected `int`, got `str`"),
        (GOOD.replace("[-40, 200]", '[-40, "x"]'), "6: key OIL.range[1]: expected `float`"),
        (GOOD.replace("[-40, 200]", "[200, -40]"), "6: key OIL.range: [200, -40] must"),
        (GOOD.replace("-40", "-inf"), "6: key OIL.range: [-inf, 200] must"),
        (GOOD.replace('"degC"', '"degG"'), "5: key OIL.unit: unknown unit 'degG'. Did you mean"),
        (
            GOOD.replace('"degC"', '"bar"'),
            "5: key OIL.unit: 'bar', but the name's ending says 'degC'",
        ),
        (GOOD + "normal = [0, 300]\n", "7: key OIL.normal: must lie within range [-40, 200]"),
        (
            GOOD + "limits = { warn_above = 90, critical_above = 80 }\n",
            "7: key OIL.limits.critical_above: 80 must not be below warn_above = 90",
        ),
        (
            GOOD + "[channels.oil_temp_c.limits]\nwarn_above = 90\ncritical_above = 900\n",
            "9: key OIL.limits.critical_above: 900 is outside range",
        ),
        (GOOD + "limits = { hold_s = 1 }\n", "7: key OIL.limits: has no bound"),
        (
            GOOD + 'limits = { warn_above = 9, when = ["oil_tmp_c", "above", 1] }\n',
            "7: key OIL.limits.when[0]: no channel or metric 'oil_tmp_c'. Did you mean",
        ),
        (
            GOOD + WATER + 'aliases = ["Oil_TEMP_c"]\n',
            "11: key channels.water_c.aliases[0]: 'Oil_TEMP_c' already means 'oil_temp_c'",
        ),
        (
            GOOD + 'aliases = [{ name = "oil", unit = "psi" }]\n',
            "7: key OIL.aliases[0]: 'psi' is a unit of pressure",
        ),
        (
            'cards = [\n  "oil_temp_c",\n  "oil_tmp_c",\n]\n' + GOOD,
            "3: key cards[1]: no channel or metric 'oil_tmp_c'. Did you mean",
        ),
        (
            'charts = ["oil_temp_c", "oil_temp_c"]\n' + GOOD,
            "1: key charts[1]: 'oil_temp_c' is listed twice",
        ),
        (
            GOOD + RATE + 'inputs = ["oil"]\n',
            "11: key metrics.oil_rise_c_per_s.inputs[0]: no channel or earlier metric 'oil'.",
        ),
        (
            GOOD
            + '[metrics.x]\ntitle = "R"\nunit = "1"\nfunction = "rat"\ninputs = ["oil_temp_c"]\n',
            "10: key metrics.x.function: no metric function 'rat'. Did you mean 'rat",
        ),
        (
            GOOD.replace("oil_temp_c", '"Oil temp_c"'),
            "3: key channels.Oil temp_c: a name is lower-case",
        ),
        (
            HEAD + '[channels.time]\ntitle = "T"\nunit = "1"\nrange = [0, 1]\n',
            "3: key channels.time: 'time' is taken",
        ),
        (GOOD + 'obd2 = { service = "01", pid = "zz" }\n', "7: key OIL.obd2.pid: must be"),
        (HEAD, "1: key channels: is missing"),
        (HEAD + "channels = 3\n", "3: key channels: must be a table"),
        (GOOD.replace("title", "titel", 1), "1: key titel: unknown key. Did you mean 'title'?"),
        (CHANNEL, "key (file name): object missing required field `title`"),
        ("rate_hz = 0\n" + GOOD, "1: key rate_hz: expected `float` > 0"),
    ],
)
def test_a_fault_is_told_with_file_line_key_and_nearest(text: str, expected: str) -> None:
    told = expected.replace("OIL", "channels.oil_temp_c")
    assert told in failure(text).replace("pump.toml:", "")


def test_a_metric_may_use_an_earlier_metric_but_not_a_later_one() -> None:
    one = '[metrics.a]\ntitle = "A"\nunit = "1"\nfunction = "linear"\ninputs = ["oil_temp_c"]\n'
    two = '[metrics.b]\ntitle = "B"\nunit = "1"\nfunction = "linear"\ninputs = ["a"]\n'
    assert tuple(parse_profile(GOOD + one + two, id="p", file="p").metrics) == ("a", "b")
    assert "no channel or earlier metric 'a'" in failure(GOOD + two + one)


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    text = 'cards = ["nothing"]\n' + GOOD.replace("[-40, 200]", "[2, 1]") + "normal = [5, 4]\n"
    assert [line.split(":")[1] for line in failure(text).splitlines()] == ["1", "7", "8", "8"]


def test_a_file_nested_without_end_is_refused() -> None:
    assert "pump.toml:1: nested too deeply" in failure("a = " + "[" * 20_000 + "]" * 20_000)


def test_many_faults_are_cut_short_and_counted() -> None:
    listed = ", ".join(f'"nothing_{n}"' for n in range(30))
    told = failure(f"cards = [{listed}]\n" + GOOD).splitlines()
    assert len(told) == 11
    assert told[-1] == "... and 20 more."


@pytest.mark.parametrize("profile_id", ["Pump", "1pump", "pump-3", "", "p" * 64, "../pump"])
def test_an_id_that_cannot_name_a_table_is_refused(profile_id: str) -> None:
    assert "must be lower-case letters, digits and '_'" in failure(GOOD, profile_id)
