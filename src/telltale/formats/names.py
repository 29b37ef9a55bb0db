"""A column's name as people wrote it, to a clean one: ASCII, snake case."""

from __future__ import annotations

import re
import unicodedata

GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "µ": "u", "°": ""}
)


def clean_name(source: str) -> str:
    """Return a name of a-z, 0-9 and _: "Öl Temp./EngineRPM" gives "oel_temp_engine_rpm"."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", source)
    text = unicodedata.normalize("NFKD", text.lower().translate(GERMAN))
    text = re.sub(r"[^a-z0-9]+", "_", text.encode("ascii", "ignore").decode()).strip("_")
    if not text:
        return "column"
    return f"c_{text}" if text[0].isdigit() else text
