"""Bad input to a real server: the answer names what is wrong and what to do, the good rows beside
it are kept, and the server goes on in bounded memory."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.faults.server import API, Answer, Server

MIB = 1024 * 1024
JSON, NDJSON, CSV, MSGPACK = (
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "application/msgpack",
)
GOOD = {"time": "2026-01-01T00:00:00Z", "bearing_temp_c": 41.5}


@pytest.fixture(autouse=True)
def goes_on(server: Server) -> Iterator[None]:
    """After every test the server answers, keeps readings, and has not grown."""
    yield
    assert server.push_json("pump-1", {"bearing_temp_c": 42.0}).json()["accepted"] == 1
    assert server.rss_mib() < 500


def check_sentence(answer: Answer, *words: str) -> None:
    """Expect a problem whose sentence has these words, and whose length a person can read."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    detail = answer.detail
    missing = [word for word in words if word.casefold() not in detail.casefold()]
    assert not missing, (missing, detail)
    assert len(detail) < 400, detail


UNREADABLE: list[tuple[str, str, bytes, int, tuple[str, ...]]] = [
    ("nothing", JSON, b"", 400, ("empty", "at least one reading")),
    ("cut off", JSON, b'[{"bearing_temp_c": 4', 400, ("not JSON", "byte 21", "whole")),
    ("more behind", JSON, b'{"bearing_temp_c": 4} x', 400, ("not JSON", "byte 23")),
    ("UTF-16", JSON, json.dumps(GOOD).encode("utf-16"), 400, ("in UTF-16", "as UTF-8")),
    ("Latin-1", JSON, b'{"n\xe4me": 1}', 400, ("UTF-8",)),
    ("a zero byte", JSON, b'{"bearing_temp_c\x00": 4}', 400, ("not JSON", "byte 16")),
    ("half a surrogate", JSON, b'{"\\ud800": 4, "flow_l_min": 1}', 400, ("surrogate",)),
    ("deep lists", JSON, b"[" * 100_000 + b"]" * 100_000, 413, ("deeply", "flat")),
    ("deep objects", JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 413, ("deeply",)),
    ("uneven columns", JSON, b'{"time": [1, 2], "bearing_temp_c": [1]}', 400, ("one length",)),
    ("10,000 columns", JSON, json.dumps({f"c{i}": i for i in range(10_000)}).encode(), 413,
     ("10000 columns", "1000")),
    ("JSON as MessagePack", MSGPACK, b'{"bearing_temp_c": 4}', 400, ("not MessagePack",)),
    ("half MessagePack", MSGPACK, msgspec.msgpack.encode([GOOD])[:-3], 400, ("truncated",)),
    ("4 billion rows claimed", MSGPACK, b"\xdd\xff\xff\xff\xff", 400, ("truncated",)),
    ("a header only", CSV, b"time,bearing_temp_c\n", 400, ("no rows", "at least one")),
    ("zero bytes in CSV", CSV, b"time,bearing_temp_c\n1760000000,4\x001\n", 400, ("not text",)),
    ("an image", "image/png", b"\x89PNG", 415, ("image/png", "application/json")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "status", "words"),
    [case[1:] for case in UNREADABLE],
    ids=[case[0] for case in UNREADABLE],
)
def test_what_cannot_be_read_is_refused_with_the_place_and_the_remedy(
    server: Server, kind: str, body: bytes, status: int, words: tuple[str, ...]
) -> None:
    answer = server.push("pump-1", body, kind)
    assert answer.status == status
    check_sentence(answer, *words)


UNUSABLE: list[tuple[str, Any, tuple[str, ...]]] = [
    ("text", {"bearing_temp_c": "hot"}, ("bearing_temp_c", "hot", "as a number")),
    ("a number as text", {"bearing_temp_c": "41,5"}, ("41,5", "as a number")),
    ("an object", {"bearing_temp_c": {"is": 4}}, ("bearing_temp_c", "object", "flat")),
    ("400 digits", {"bearing_temp_c": 10**400}, ("too large",)),
    ("out of range", {"bearing_temp_c": 999}, ("bearing_temp_c", "999", "200")),
    ("an unknown channel", {"bearing_tmp": 4}, ("channel", "profile")),
    ("tomorrow", {**GOOD, "time": time.time() + 86_400}, ("future", "clock")),
    ("no time", {**GOOD, "time": "yesterday"}, ("yesterday", "ISO 8601")),
    ("a time of 400 digits", {**GOOD, "time": 10**400}, ("not a time",)),
    ("the year 9999", {**GOOD, "time": "9999-12-31T00:00:00Z"}, ("9999", "time")),
    ("a scalar", 5, ("5", "object")),
    ("null", None, ("null", "object")),
    ("an empty list", [], ("no reading",)),
    ("an empty object", {}, ("no value",)),
    ("another machine's", {**GOOD, "machine": "pump-2"}, ("pump-2", "pump-1")),
    ("a name of 1 MB", {"k" * 1_000_000: 1}, ("characters", "200")),
    ("a value of 1 MB", {"bearing_temp_c": "k" * 1_000_000}, ("bearing_temp_c", "...")),
]


@pytest.mark.parametrize(
    ("reading", "words"), [case[1:] for case in UNUSABLE], ids=[case[0] for case in UNUSABLE]
)
def test_a_reading_that_cannot_be_kept_is_explained_and_its_neighbours_are_kept(
    server: Server, reading: Any, words: tuple[str, ...]
) -> None:
    alone = server.push_json("pump-1", reading)
    assert alone.status == 422
    check_sentence(alone, *words)
    between = server.push_json("pump-1", [GOOD, reading, GOOD])
    assert between.status == 200, between
    assert between.json()["accepted"] == 2
    if reading != []:
        answer = between.json()
        assert answer["rejected"] + answer["rejected_values"] >= 1
        assert answer["reasons"]


@pytest.mark.parametrize(
    "value", [b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"9" * 5000, b'"x"', b"[1]"]
)
def test_a_bad_value_costs_only_itself(server: Server, value: bytes) -> None:
    body = b'{"bearing_temp_c": ' + value + b', "flow_l_min": 120}'
    answer = server.push("pump-1", body).json()
    assert (answer["accepted"], answer["rejected"], answer["rejected_values"]) == (1, 0, 1)
    assert answer["reasons"][0]["field"] == "bearing_temp_c"


def test_of_two_equal_keys_the_last_counts_and_a_byte_order_mark_is_no_harm(server: Server) -> None:
    body = b'\xef\xbb\xbf{"time": 1750000000, "bearing_temp_c": 41, "bearing_temp_c": 43}'
    path = f"{API}/machines/twice/telemetry?profile=industrial_pump"
    assert server.request("POST", path, body, {"Content-Type": JSON}).status == 200
    assert server.get("/machines/twice")["values"]["bearing_temp_c"]["value"] == 43


def test_broken_lines_and_ragged_rows_cost_only_themselves(server: Server) -> None:
    lines = server.push("pump-1", b'{"flow_l_min": 1}\n{bad\n{"flow_l_min": 2}\n', NDJSON).json()
    assert (lines["accepted"], lines["rejected"]) == (2, 1)
    assert "Line 2" in lines["reasons"][0]["message"]
    text = b"time,flow_l_min\n1750000000,1\n1750000001,2,9\n1750000002\n1750000003,3\n"
    rows = server.push("pump-1", text, CSV).json()
    assert (rows["accepted"], rows["rejected"]) == (2, 2)
    assert "cells" in rows["reasons"][0]["message"]


def test_times_that_go_back_are_kept_as_late_and_in_order(server: Server) -> None:
    times = [1_750_000_010, 1_750_000_005, 1_750_000_008, 1_750_000_001]
    for at in times:
        reading = {"time": at, "bearing_temp_c": 40.0 + at % 10}
        path = f"{API}/machines/back/telemetry?profile=industrial_pump"
        body = json.dumps(reading).encode()
        assert server.request("POST", path, body, {"Content-Type": JSON}).status == 200
    kept = server.get("/machines/back/telemetry?from=1750000000&to=1750000100")
    assert [ns // 10**9 for ns in kept["time_ns"]] == sorted(times)
    assert server.get("/machines/back")["late"] == 3


BOMB = gzip.compress(b" " * (300 * MIB), 9)


@pytest.mark.parametrize(
    ("body", "encoding", "status", "words"),
    [
        (BOMB, "gzip", 413, ("unpacks", "send")),
        (b"\x1f\x8bxxxx", "gzip", 400, ("not gzip",)),
        (gzip.compress(b"[]")[:-4], "gzip", 400, ("too early",)),
        (b'{"flow_l_min": 1}', "gzip", 400, ("not gzip", "Content-Encoding")),
        (b"x", "br", 415, ("br", "gzip")),
        (gzip.compress(BOMB), "gzip, gzip", 415, ("gzip",)),
    ],
    ids=["bomb", "no gzip", "cut off", "not packed", "brotli", "twice"],
)
def test_a_bad_packing_is_refused(
    server: Server, body: bytes, encoding: str, status: int, words: tuple[str, ...]
) -> None:
    answer = server.push("pump-1", body, **{"Content-Encoding": encoding})
    assert answer.status == status
    check_sentence(answer, *words)


def test_a_body_beyond_the_limit_is_cut_off_without_being_held(server: Server) -> None:
    before = server.rss_mib()
    try:
        answer = server.request(
            "POST",
            f"{API}/machines/pump-1/telemetry",
            (b" " * MIB for _ in range(200)),
            {"Content-Type": JSON},
        )
    except (ConnectionError, http.client.HTTPException):
        return  # it hung up while this side was still sending
    assert answer.status == 413
    check_sentence(answer, "67,108,864", "imports")
    assert server.rss_mib() < before + 200


IDS = ["a%00b", "a%0d%0aX:y", "x" * 101, "%20", "..", ".", "a%E2%80%AEb", "%20a", "K%FChl"]


@pytest.mark.parametrize("machine", IDS)
def test_an_id_that_no_address_or_list_could_show_names_no_machine(
    server: Server, machine: str
) -> None:
    for answer in (
        server.push_json(machine, GOOD),
        server.request("PUT", f"{API}/machines/{machine}", b'{"profile": "focus_st"}'),
    ):
        assert answer.status == 422, answer
        check_sentence(answer, "cannot be a machine's id", "100")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("machine", ["..%2f..%2fetc", "../../etc", "%3Cb%3E%2f", ""])
def test_an_id_with_a_slash_is_no_address(server: Server, machine: str) -> None:
    assert server.push_json(machine, GOOD).status == 404


def test_an_id_of_a_megabyte_is_refused_before_anybody_reads_it(server: Server) -> None:
    try:
        answer = server.push_json("x" * 1_000_000, GOOD)
    except ConnectionError:
        return  # it hung up while this side was still sending
    assert answer.status in {400, 414, 431}


@pytest.mark.parametrize("profile", ["../../etc/passwd", "%00", "x" * 5000, "pump"])
def test_a_profile_that_is_not_there_is_named_with_those_that_are(
    server: Server, profile: str
) -> None:
    path = f"{API}/machines/fresh/telemetry?profile={profile}"
    answer = server.request("POST", path, json.dumps(GOOD).encode(), {"Content-Type": JSON})
    assert answer.status == 422
    assert "industrial_pump" in answer.detail
    assert server.request("GET", f"{API}/machines/fresh").status == 404


def test_a_new_machine_without_a_number_is_not_registered(server: Server) -> None:
    answer = server.push_json("void", {"colour": None})
    assert answer.status == 422
    check_sentence(answer, "void", "number")
    assert server.request("GET", f"{API}/machines/void").status == 404


@pytest.mark.parametrize("name", ["a%00.csv", "a%0d%0ab.csv", "", ".", "..", "x" * 300])
def test_a_file_name_that_leads_elsewhere_is_refused(server: Server, name: str) -> None:
    for path in ("/imports", "/imports/preview"):
        answer = server.request("POST", f"{API}{path}?filename={name}", b"time,a\n1750000000,1\n")
        assert answer.status == 422
        check_sentence(answer, "filename")


def test_an_import_writes_nothing_outside_its_own_folder(server: Server) -> None:
    before = {path for path in server.folder.parent.rglob("*") if server.data not in path.parents}
    body = b"time,a\n1750000000,1\n"
    for name in ("../../outside.csv", "%2ftmp%2foutside.csv", "..%5c..%5coutside.csv"):
        answer = server.request("POST", f"{API}/imports?filename={name}", body)
        assert answer.status == 202, answer
    after = {path for path in server.folder.parent.rglob("*") if server.data not in path.parents}
    assert after == before


@pytest.mark.parametrize(
    "path", ["/imports/../../etc/passwd", "/imports/%2e%2e%2fowner.lock", "/imports/1%00"]
)
def test_imports_are_found_by_id_only(server: Server, path: str) -> None:
    assert server.request("GET", API + path).status == 404


@pytest.mark.parametrize(
    "path",
    ["/..%2f..%2fetc%2fpasswd", "/assets/..%2f..%2f__init__.py", "//etc/passwd", "/%00"],
)
def test_the_page_serves_no_other_files(server: Server, path: str) -> None:
    answer = server.request("GET", path)
    assert answer.status == 404 or b"<!doctype html>" in answer.body.lower()


def test_an_export_s_name_cannot_bring_headers(server: Server) -> None:
    assert server.push_json("quo%22te%3B%20x", {"a": 1.0}).status == 200
    answer = server.request("GET", f"{API}/exports?machine=quo%22te%3B%20x")
    assert answer.headers["content-disposition"] == 'attachment; filename="quo-te-x.csv"'
