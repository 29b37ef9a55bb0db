"""What a packed file may unpack to: for its size and in all, told before any memory goes."""

from __future__ import annotations

import zipfile

import pytest

from telltale.errors import ModelError
from telltale.models.unpacking import check_unpacked

MIB = 2**20


def entries(*sizes: int) -> list[zipfile.ZipInfo]:
    listed = [zipfile.ZipInfo(str(number)) for number in range(len(sizes))]
    for entry, size in zip(listed, sizes, strict=True):
        entry.file_size = size
    return listed


@pytest.mark.parametrize(
    ("sizes", "packed_bytes", "told"),
    [
        ((100 * MIB, 29 * MIB), 60 * MIB, "m.zip: unpacks to 129 MB; at most 128 MB are taken"),
        ((400 * MIB,), 420_000, "m.zip: unpacks to 400 MB"),
        ((9 * MIB,), 9 * MIB // 40, "m.zip: unpacks to 40 times its size; at most 30 times"),
    ],
)
def test_too_much_in_all_or_for_its_size_is_refused(
    sizes: tuple[int, ...], packed_bytes: int, told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        check_unpacked(entries(*sizes), packed_bytes, "m.zip")


@pytest.mark.parametrize(
    ("sizes", "packed_bytes"),
    [((), 22), ((7 * MIB,), 1_000), ((64 * MIB, 64 * MIB), 70 * MIB), ((20 * MIB,), MIB)],
)
def test_what_real_models_take_is_let_through(sizes: tuple[int, ...], packed_bytes: int) -> None:
    check_unpacked(entries(*sizes), packed_bytes, "m.zip")
