"""Settings that several kinds have, with bounds: beyond them nothing of use can be learnt."""

from __future__ import annotations

from typing import Annotated

import msgspec

MOST_WINDOW_S = 30 * 86_400.0

Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=MOST_WINDOW_S)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
