"""Finds the line of every key of a TOML file, which the standard library's parser does not tell.

The text must have been read by `tomllib` before: this scanner trusts that it is valid.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_ESCAPED = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_SHORT_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"((?:[^"\\\n]|\\.)*)"'),
    re.compile(r"'([^'\n]*)'"),
)


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of every table, key and array item of a valid file."""
    return _Scanner(text).run()


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a key, or of the nearest table around it that the file names."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 1


class _Scanner:
    """Walks the text once; `lines` grows on the way."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.counted_to = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}

    def run(self) -> dict[Path, int]:
        table: Path = ()
        while self.skip_space():
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def skip_space(self) -> bool:
        """Pass spaces, line ends and comments; False at the end of the text."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at < len(self.text)

    def mark(self, path: Path, at: int) -> None:
        """Note the line of a path, and of the tables around it that were not named before."""
        self.line += self.text.count("\n", self.counted_to, at)
        self.counted_to = at
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], self.line)

    def header(self) -> Path:
        start = self.at
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        path = self.resolved(self.keys())
        self.at += 2 if is_array else 1
        if is_array:
            index = self.arrays[path] = self.arrays.get(path, -1) + 1
            path = (*path, index)
        self.mark(path, start)
        return path

    def resolved(self, keys: Path) -> Path:
        """Return a header's keys with the index of each array of tables on the way."""
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in self.arrays:
                path = (*path, self.arrays[path])
        return (*path, keys[-1])

    def keys(self) -> Path:
        """Read a dotted key."""
        found: list[str] = []
        while True:
            self.skip_space()
            if self.text[self.at] in "\"'":
                found.append(_unescaped(self.string()))
            elif bare := _BARE_KEY.match(self.text, self.at):
                found.append(bare.group())
                self.at = bare.end()
            dot = _DOT.match(self.text, self.at)
            if not dot:
                break
            self.at = dot.end()
        self.skip_space()
        return tuple(found)

    def pair(self, table: Path) -> None:
        start = self.at
        path = (*table, *self.keys())
        self.mark(path, start)
        self.at += 1  # the equals sign
        self.value(path)

    def value(self, path: Path) -> None:
        self.skip_space()
        first = self.text[self.at]
        if first in "\"'":
            self.string()
        elif first == "[":
            self.items(path)
        elif first == "{":
            self.inline_table(path)
        elif scalar := _SCALAR.match(self.text, self.at):
            self.at = scalar.end()

    def items(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.skip_space() and self.text[self.at] != "]":
            self.mark((*path, index), self.at)
            self.value((*path, index))
            index += 1
            self.skip_comma()
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while self.skip_space() and self.text[self.at] != "}":
            self.pair(path)
            self.skip_comma()
        self.at += 1

    def skip_comma(self) -> None:
        self.skip_space()
        if self.text[self.at] == ",":
            self.at += 1

    def string(self) -> str:
        """Read a quoted string and return it as written, quotes included."""
        for pattern in _STRINGS:
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return found.group()
        self.at = len(self.text)
        return ""


def _unescaped(quoted: str) -> str:
    """Return the text of a one-line string."""
    inner = quoted[1:-1]
    return inner if quoted.startswith("'") else _ESCAPED.sub(_character, inner)


def _character(escape: re.Match[str]) -> str:
    code = escape.group()[1:]
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _SHORT_ESCAPES.get(code, code)
