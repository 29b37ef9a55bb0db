"""Messages to readings: JSON of any usual shape, Telegraf's JSON, plain values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import DecodeError
from telltale.formats.mqtt_payload import PayloadKind, payload_readings
from telltale.formats.readings import Found, Reading, Words, decoded_of
from telltale.formats.telegraf_json import telegraf_readings

AUTO = PayloadKind.AUTO


def read(
    body: bytes,
    kind: PayloadKind = AUTO,
    *,
    machine: str | None = "m",
    channel: str | None = None,
    words: tuple[str, ...] = (),
    found: Found | None = None,
) -> list[Reading]:
    return payload_readings(
        body, kind, machine=machine, channel=channel, words=words, found=found or Found()
    )


@pytest.mark.parametrize(
    ("body", "value"),
    [(b"21.5", 21.5), (b" -3e2\n", -300.0), (b"true", True), (b"OFF", False), (b".5", 0.5)],
)
def test_a_plain_value_is_a_number_or_true_or_false(body: bytes, value: float) -> None:
    (reading,) = read(body, channel="temp_c")
    assert reading.values == {"temp_c": value}
    assert reading.time is None


@pytest.mark.parametrize("body", [b"", b"  ", b"nan", b"unavailable", b"null"])
def test_a_word_for_missing_is_no_reading(body: bytes) -> None:
    assert read(body, channel="temp_c") == []


def test_text_is_refused_unless_it_is_asked_for() -> None:
    with pytest.raises(DecodeError, match="name the channel in the setting words"):
        read(b"open", channel="valve")
    (reading,) = read(b"open", channel="valve", words=("val*",))
    assert reading.values == {"valve": "open"}


def test_a_plain_value_without_a_channel_says_what_is_missing() -> None:
    with pytest.raises(DecodeError, match=r"Capture \{channel\}"):
        read(b"21.5")


@pytest.mark.parametrize(
    ("body", "values", "time"),
    [
        (b'{"a": 1, "ts": 1763712000}', {"a": 1}, 1763712000),
        (b'{"Time": "2026-01-01T00:00:00", "E": {"P": 3, "U": {"x": 1}}}',
         {"E_P": 3, "E_U_x": 1}, "2026-01-01T00:00:00"),
        (b'{"a": "21.5", "b": null, "c": true}', {"a": 21.5, "b": None, "c": True}, None),
    ],
)  # fmt: skip
def test_an_object_is_one_reading_with_its_own_time(
    body: bytes, values: dict[str, object], time: object
) -> None:
    (reading,) = read(body)
    assert (reading.values, reading.time, reading.machine) == (values, time, "m")


def test_a_list_and_columns_are_many_readings() -> None:
    rows = read(b'[{"t": 1, "time": 1763712000}, {"t": 2, "time": 1763712001}]')
    columns = read(b'{"time": [1763712000, 1763712001], "t": [1, 2]}')
    assert rows == columns
    assert [reading.values["t"] for reading in rows] == [1, 2]


def test_an_object_about_one_channel_gives_its_value_time_and_unit() -> None:
    found = Found()
    (reading,) = read(
        b'{"value": 3.5, "unit": "bar", "timestamp": 1763712000}', channel="p", found=found
    )
    assert reading.values == {"p": 3.5}
    assert reading.time == 1763712000
    assert found.units == {"p": "bar"}


def test_the_message_names_its_machine_only_where_the_topic_does_not() -> None:
    body = b'{"machine": "inside", "x": 1}'
    assert read(body, machine=None)[0].machine == "inside"
    assert read(body, machine="topic")[0].machine == "topic"


def test_text_in_json_is_left_out_by_name_and_costs_nothing_else() -> None:
    found = Found()
    (reading,) = read(b'{"t": 1, "ssid": "home", "list": [1, 2]}', found=found)
    assert reading.values == {"t": 1}
    assert set(found.left_out) == {"ssid", "list"}


def test_telegraf_json_gives_one_channel_per_series() -> None:
    body = (
        b'{"metrics": [{"name": "cpu", "tags": {"cpu": "cpu0", "host": "web-1"}, '
        b'"fields": {"usage_idle": 91.5}, "timestamp": 1763712000}, '
        b'{"name": "mem", "tags": {"host": "web-1"}, "fields": {"value": 7}}]}'
    )
    first, second = read(body, machine=None)
    assert (first.machine, first.values, first.time) == (
        "web-1", {"cpu_cpu0_usage_idle": 91.5}, 1763712000,
    )  # fmt: skip
    assert (second.machine, second.values, second.time) == ("web-1", {"mem": 7}, None)
    with pytest.raises(DecodeError, match="data_format"):
        telegraf_readings({"x": 1})


@pytest.mark.parametrize(
    "body", [b"{", b"[1, 2]", b'[["a"]]', b'{"a":' * 12 + b"1" + b"}" * 12, b"[{}, 3]"]
)
def test_what_cannot_be_read_says_so(body: bytes) -> None:
    with pytest.raises(DecodeError, match=r"\."):
        read(body)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text('{}[]",:0123456789.eE+-truefalsn ', max_size=60).map(str.encode),
    ),
    st.sampled_from([kind for kind in PayloadKind if kind is not PayloadKind.SPARKPLUG]),
)
def test_any_bytes_are_readings_or_a_told_error(body: bytes, kind: PayloadKind) -> None:
    found = Found()
    try:
        found.readings = read(body, kind, channel="c", found=found)
    except DecodeError:
        return
    decoded = decoded_of(found, arrivals_ns=[10**18], senders=["t"], words=Words())
    for batch in decoded.batches:
        assert batch.machine == "m"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.floats(-1e6, 1e6))))
def test_readings_of_one_machine_and_time_are_one_sample(
    told: list[tuple[str, int, float]],
) -> None:
    found = Found()
    for i, (name, second, value) in enumerate(told):
        time = 1_763_712_000 + second
        found.readings.append(Reading("m", {f"{name}{i}": value}, time, i))
    decoded = decoded_of(
        found, arrivals_ns=[0] * len(told), senders=["t"] * len(told), words=Words()
    )
    assert decoded.rows == len({second for _, second, _ in told})
    columns = [column for batch in decoded.batches for column in batch.columns.values()]
    assert sum(int(np.isfinite(column).sum()) for column in columns) == len(told)


def test_refusals_name_the_topic() -> None:
    found = Found()
    found.readings = [Reading("bad/id", {"x": 1}), Reading("m", {"x": [1]}, None, 1)]
    decoded = decoded_of(found, arrivals_ns=[1, 2], senders=["a/b", "c/d"], words=Words())
    assert [reason.message.split(":")[0] for reason in decoded.reasons] == ["a/b", "c/d"]
    assert decoded.rejected_rows == 2


def test_words_keep_their_numbers() -> None:
    words = Words()
    for text, expected in (("open", 0.0), ("shut", 1.0), ("open", 0.0)):
        found = Found([Reading("m", {"valve": text})])
        decoded = decoded_of(found, arrivals_ns=[1], senders=["t"], words=words)
        assert decoded.batches[0].columns["valve"].tolist() == [expected]
    assert decoded.codes["valve"] == {"open": 0.0, "shut": 1.0}
