"""Gunzip within limits."""

from __future__ import annotations

import gzip
import os
import zlib

import pytest

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.gzip_body import gunzip


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_what_was_packed_comes_out(pack: object) -> None:
    body = os.urandom(3_000_000)
    assert callable(pack)
    assert gunzip(pack(body)) == body


def test_members_that_follow_one_another_are_joined() -> None:
    assert gunzip(gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLargeError, match="200 times"):
        gunzip(bomb)


def test_a_body_beyond_the_limit_names_the_limit() -> None:
    with pytest.raises(TooLargeError, match="limit of 1000 bytes"):
        gunzip(gzip.compress(os.urandom(2000)), max_bytes=1000)


@pytest.mark.parametrize("body", [b"plain text", gzip.compress(b"cut off here", mtime=0)[:-9]])
def test_a_broken_body_says_so(body: bytes) -> None:
    with pytest.raises(DecodeError, match="gzip"):
        gunzip(body)
