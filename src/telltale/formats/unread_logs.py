"""Binary logs whose layout is not published: refused with what to export in their place."""

from __future__ import annotations

from telltale.errors import DecodeError

_BY_BYTES = (
    (0, b"EMERALD v", "an AEM log (.daq)", "AEMdata"),
    (4, b"lf3", "a Link log (.llg)", "PCLink"),
    (0, b"<hCNF", "an AiM log (.xrk)", "Race Studio 3"),
)
_BY_NAME = (
    (".emublog", "an ECUMaster log (.emublog)", "EMU Black's software"),
    (".ld", "a MoTeC log (.ld)", "MoTeC i2"),
    (".drk", "an AiM log (.drk)", "Race Studio"),
    (".hlgzip", "a packed Haltech log", "Haltech NSP"),
)


def check_readable_log(head: bytes, name: str) -> None:
    """Refuse logs that only their maker's program reads. Raises DecodeError with what to do."""
    for at, magic, what, program in _BY_BYTES:
        if head[at : at + len(magic)] == magic:
            raise _refusal(name, what, program)
    if b"\0" in head[:4096]:
        for suffix, what, program in _BY_NAME:
            if name.lower().removesuffix(".gz").endswith(suffix):
                raise _refusal(name, what, program)


def _refusal(name: str, what: str, program: str) -> DecodeError:
    return DecodeError(
        f"{name} is {what}, whose layout is not published. Open it in {program}, export it as "
        "CSV, and import that file."
    )
