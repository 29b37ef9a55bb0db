from __future__ import annotations

import pytest

from telltale.profiles.names import Found, NameTable, plain, split_unit
from telltale.profiles.parse import parse_profile

TABLE = NameTable(
    parse_profile(
        """
title = "T"
description = "D"
[channels.oil_temp_c]
title = "Oil"
unit = "degC"
range = [0, 9]
aliases = ["Öl", { name = "OIL-T", unit = "degF" }, "T.1"]
[channels.water_temp_c]
title = "Water"
unit = "degC"
range = [0, 9]
aliases = ["T-1"]
""",
        id="t",
        file="t.toml",
    )
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("OIL_TEMP_C", Found("oil_temp_c")),
        ("Oil temp c", Found("oil_temp_c")),
        ("oil-t", Found("oil_temp_c", "degF")),
        ("OIL T", Found("oil_temp_c", "degF")),
        ("oil-t (K)", Found("oil_temp_c", "K")),
        ("oil_temp_f", Found("oil_temp_c", "degF")),
        ("Oil_Temp_degF", Found("oil_temp_c", "degF")),
        ("oil_temp_x", None),
        ("oil_temp_rpm", None),
        ("öl", Found("oil_temp_c")),
        ("T-1", Found("water_temp_c")),
        ("T 1", None),
        ("ül", None),
        ("???", None),
        ("", None),
    ],
)
def test_a_name_is_found_only_where_it_is_clear(name: str, found: Found | None) -> None:
    assert TABLE.find(name) == found


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Oil (°C)", ("Oil", "°C")),
        ("Oil[psi] ", ("Oil", "psi")),
        ("Oil ()", ("Oil", None)),
        ("Oil (left)", ("Oil (left)", None)),
        ("(V)", ("(V)", None)),
        ("a (b) (V)", ("a (b)", "V")),
    ],
)
def test_only_a_unit_in_brackets_is_taken_off(
    header: str, expected: tuple[str, str | None]
) -> None:
    assert split_unit(header) == expected


def test_a_plain_name_keeps_letters_and_digits() -> None:
    assert plain(" Öl--Temp__2 (x)") == "öl_temp_2_x"
