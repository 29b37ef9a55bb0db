"""Influx line protocol: what is read, what is refused, and that it comes back as it was written."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import DecodeError, TooLargeError
from telltale.formats import influx_lines
from telltale.formats.base import Decoded
from telltale.formats.influx import SCALES_NS, decode_influx
from telltale.formats.tagged import Naming

T_NS = 1_780_300_800_000_000_000


def decoded(text: str | bytes, naming: Naming | None = None, **given: str) -> Decoded:
    body = text.encode() if isinstance(text, str) else text
    return decode_influx(body, naming=naming or Naming(), arrival_ns=T_NS, **given)


def values(found: Decoded, machine: str) -> Mapping[str, list[float]]:
    batch = next(batch for batch in found.batches if batch.machine == machine)
    return {name: column.tolist() for name, column in batch.columns.items()}


def test_each_kind_of_field_is_read() -> None:
    found = decoded(
        f'm,machine=a f=1.5,e=-2E3,i=-7i,u=8u,t=true,x=F,s="up, and \\"running\\"" {T_NS}\n'
    )
    assert (found.rejected_rows, found.rejected_values) == (0, 0)
    assert values(found, "a") == {
        "m_f": [1.5],
        "m_e": [-2000.0],
        "m_i": [-7.0],
        "m_u": [8.0],
        "m_t": [1.0],
        "m_x": [0.0],
        "m_s": [0.0],
    }
    assert found.codes["m_s"] == {'up, and "running"': 0.0}
    assert found.codes["m_t"] == {"false": 0.0, "true": 1.0}


def test_escapes_mean_what_the_specification_says() -> None:
    line = f'my\\ press\\,2,the\\=tag=a\\ b,machine=north\\ 1 oil\\ temp=1,s="C:\\\\x\ny" {T_NS}'
    found = decoded(line)
    assert found.batches[0].machine == "north 1"
    assert values(found, "north 1").keys() == {"my press,2_a b_oil temp", "my press,2_a b_s"}
    assert found.codes["my press,2_a b_s"] == {"C:\\x\ny": 0.0}


@pytest.mark.parametrize(
    ("line", "machine", "channel"),
    [
        ("press temp_c=1", "press", "temp_c"),
        ("press,line=2 temp_c=1", "press", "2_temp_c"),
        ("oil,machine=press-1 temp_c=1", "press-1", "oil_temp_c"),
        ("cpu,cpu=cpu0,host=web-1 usage_idle=1", "web-1", "cpu_cpu0_usage_idle"),
        ("disk,device=sda1,host=web-1 free=1", "web-1", "disk_sda1_free"),
        ("oil,device=press-1 temp_c=1", "press-1", "oil_temp_c"),
        ("oil_temp_c,host=web-1,machine=press-1 value=1", "press-1", "oil_temp_c"),
        ("km/h value=1", "km-h", "value"),
    ],
)
def test_the_tags_say_whose_a_line_is_and_the_rest_names_the_channel(
    line: str, machine: str, channel: str
) -> None:
    assert values(decoded(line), machine) == {channel: [1.0]}


def test_a_rule_of_ones_own_decides_machine_and_channels() -> None:
    line = "°C,entity_id=kitchen value=21.3"
    by_entity = Naming(machine_tags=("entity_id",), has_measurement=False)
    assert values(decoded(line, by_entity), "kitchen") == {"value": [21.3]}
    assert values(decoded(line, Naming("house")), "house") == {"°C_kitchen": [21.3]}


@pytest.mark.parametrize(("unit", "scale_ns"), SCALES_NS.items())
def test_timestamps_count_in_the_units_that_the_client_names(unit: str, scale_ns: int) -> None:
    found = decoded(f"m v=1 {T_NS // scale_ns}", precision=unit)
    assert found.batches[0].time_ns.tolist() == [T_NS // scale_ns * scale_ns]


def test_an_unknown_precision_is_refused_with_those_there_are() -> None:
    with pytest.raises(DecodeError, match="Use ns, us, ms"):
        decoded("m v=1", precision="week")


def test_lines_of_one_machine_and_time_are_one_sample() -> None:
    found = decoded(f"cpu,host=a idle=9 {T_NS}\nmem,host=a used=4 {T_NS}\nmem,host=b used=5 {T_NS}")
    assert values(found, "a") == {"cpu_idle": [9.0], "mem_used": [4.0]}
    assert values(found, "b") == {"mem_used": [5.0]}


def test_of_a_field_that_comes_twice_for_a_time_the_last_counts() -> None:
    assert values(decoded(f"m v=1 {T_NS}\nm v=2 {T_NS}"), "m") == {"v": [2.0]}


def test_lines_without_a_time_get_the_arrival_and_none_replaces_another() -> None:
    found = decoded("m v=1\nm v=2\nn v=3\n")
    assert values(found, "m") == {"v": [1.0, 2.0]}
    assert [batch.time_ns[0] for batch in found.batches] == [T_NS, T_NS]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("cpu", "missing fields"),
        ("cpu,host=a", "missing fields"),
        ("cpu idle", "invalid field format"),
        ('m s="open', "unbalanced quotes"),
        ("m,tag v=1", "tag is not name=value"),
        ("m v=1,w=2,3", "invalid line"),
        ("m a,5=b,6=7", "invalid line"),
        ("m v=1 soon", "invalid line"),
        (f"m v=1 {10**19}", "2262"),
        (f"{'x' * 101} v=1", "cannot be a machine's id"),
        (f"m {'x' * 201}=1", "longer than 200"),
    ],
)
def test_a_broken_line_costs_only_itself_and_says_why(line: str, why: str) -> None:
    found = decoded(f"good v=1 {T_NS}\n{line}\ngood v=2 {T_NS + 1}\n")
    assert values(found, "good") == {"v": [1.0, 2.0]}
    assert found.rejected_rows == 1
    assert found.reasons[0].row == 1
    assert why in found.reasons[0].message
    assert "Line 2" in found.reasons[0].message


@pytest.mark.parametrize("value", ["nan", "inf", "1_0", "0x1F", "1e999", "12j", "i", "--1", "yes"])
def test_what_is_no_number_is_refused_by_value(value: str) -> None:
    found = decoded(f"m v={value},w=2 {T_NS}")
    assert (found.rejected_rows, found.rejected_values) == (0, 1)
    assert values(found, "m")["w"] == [2.0]
    assert math.isnan(values(found, "m")["v"][0])


def test_a_line_of_which_every_value_is_refused_counts_as_refused() -> None:
    found = decoded(f"m v=nan {T_NS}\nm v=1 {T_NS + 1}")
    assert (found.rows, found.rejected_rows, found.rejected_values) == (1, 1, 1)


def test_a_field_holds_numbers_or_words_but_not_both() -> None:
    found = decoded(f'm v=1 {T_NS}\nm v="on" {T_NS + 1}\nm w=true {T_NS}\nm w=3 {T_NS + 1}')
    assert found.rejected_values == 2
    assert values(found, "m")["v"][0] == 1.0
    assert values(found, "m")["w"][0] == 1.0


def test_comments_blank_lines_and_carriage_returns_pass() -> None:
    found = decoded(f"# a note\n\r\n  m  v=1  {T_NS}\r\n# x=1\n\n")
    assert (found.rows, found.rejected_rows) == (1, 0)


def test_more_than_one_body_may_hold_is_refused_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(TooLargeError, match="1,000 machines"):
        decoded("".join(f"m{i} v=1\n" for i in range(1_001)))
    with pytest.raises(TooLargeError, match="too many values"):
        decoded("".join(f"m v{i}=1 {T_NS + i}\n" for i in range(5_000)))
    monkeypatch.setattr(influx_lines, "MAX_LINES", 10)
    with pytest.raises(TooLargeError, match="lines in one body"):
        decoded("m v=1\n" * 11)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")) | st.just(" "),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text and "\\" not in text and not text.startswith("#"))
FIELDS = st.dictionaries(
    NAMES, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4
)


def escaped(text: str) -> str:
    return text.replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


@given(NAMES, NAMES, FIELDS, st.integers(0, 2**62))
@settings(max_examples=150, deadline=None)
def test_what_an_encoder_writes_comes_back(
    measurement: str, machine: str, fields: dict[str, float], time_ns: int
) -> None:
    pairs = ",".join(f"{escaped(name)}={value!r}" for name, value in fields.items())
    line = f"{escaped(measurement)},machine={escaped(machine)} {pairs} {time_ns}\n"
    found = decoded(line, Naming("it", has_measurement=False))
    assert found.rejected_rows == 0, found.reasons
    assert found.batches[0].time_ns.tolist() == [time_ns]
    assert values(found, "it") == {name: [value] for name, value in fields.items()}


PIECES = st.sampled_from(
    [b"m", b",", b"=", b" ", b"\n", b'"', b"\\", b"1", b"i", b"true", b"\xff", b"#", b"9" * 19]
)


@given(st.binary(max_size=60) | st.lists(PIECES, max_size=40).map(b"".join))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_read_or_refused_and_never_lost_in_silence(body: bytes) -> None:
    found = decoded(body)
    for batch in found.batches:
        assert np.all(np.diff(batch.time_ns) > 0)
        assert len(batch) > 0
    written = [line for line in body.split(b"\n") if line.strip() and line.strip()[:1] != b"#"]
    if not written:
        assert found.rows == 0


def test_a_long_hostile_line_is_refused_quickly() -> None:
    began_s = time.perf_counter()
    for hostile in (
        b"a" * 10**6,
        b"m " + b"a=1," * 10**5,
        b'm a="' + b"\\" * 10**6,
        b"m,a=b" * 10**5,
    ):
        decoded(hostile)
    assert time.perf_counter() - began_s < 10.0
