from __future__ import annotations

from telltale.profiles.toml_lines import line_of, lines_of

TEXT = '''# a comment with [brackets] = and "quotes"
title = "one # not a comment"
long = """
[not.a.table]
key = 1
"""
raw = \'\'\'
x = "
\'\'\'

[channels."oil temp".limits] # why
a.b . "c d" = [
  1, # [
  { x = "}", y = [2,
    3] },
]
when = "2020-01-01"

[[items]]
name = 'C:\\dir'
[[items]]
name = "two \\" three"
[items.inner]
deep = true
'''


def test_every_key_is_found_on_its_line() -> None:
    lines = lines_of(TEXT)
    assert lines["title",] == 2
    assert lines["long",] == 3
    assert lines["raw",] == 7
    limits = ("channels", "oil temp", "limits")
    assert lines[limits] == lines["channels",] == 11
    assert lines[*limits, "a", "b", "c d"] == 12
    assert lines[*limits, "a", "b", "c d", 1, "y"] == 14
    assert lines[*limits, "a", "b", "c d", 1, "y", 1] == 15
    assert lines[*limits, "when"] == 17
    assert [lines["items", n, "name"] for n in (0, 1)] == [20, 22]
    assert lines["items", 1, "inner", "deep"] == 24


def test_text_inside_strings_is_no_key() -> None:
    assert not {("not",), ("key",), ("x",)} & set(lines_of(TEXT))


def test_windows_line_ends_count_once() -> None:
    assert lines_of("a = 1\r\nb = 2\r\n")["b",] == 2


def test_a_missing_key_is_placed_at_the_table_around_it() -> None:
    lines = lines_of("a = 1\n[channels.x]\nb = 2\n")
    assert line_of(lines, ("channels", "x", "unit")) == 2
    assert line_of(lines, ("nowhere",)) == 1
