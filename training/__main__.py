"""Makes every model that comes with telltale again: `python -m training`, ten minutes on a core."""

from __future__ import annotations

import logging

from training import (
    industrial_pump,
    rotating_machine,
    toyota_2jz_gte,
    toyota_2jz_gte_forecaster,
)

MAKERS = (industrial_pump, rotating_machine, toyota_2jz_gte, toyota_2jz_gte_forecaster)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for maker in MAKERS:
        logging.info("%s", maker.__name__)
        maker.main()
