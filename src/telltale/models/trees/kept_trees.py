"""Trees as a file of plain arrays beside the graph: explanations walk them, serving does not."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from telltale.errors import ModelError
from telltale.models.folder import packed_arrays, read_arrays
from telltale.models.trees.ensemble import Link, Trees


def kept_trees(trees: Trees) -> bytes:
    """Return trees as the bytes of an `.npz` file."""
    return packed_arrays({f.name: np.asarray(getattr(trees, f.name)) for f in fields(Trees)})


def read_trees(data: bytes, where: str) -> Trees:
    """Return the trees that `kept_trees` wrote. Raises ModelError if they are none."""
    kept = read_arrays(data, where)
    try:
        return Trees(
            starts=kept["starts"].astype(np.int64),
            feature=kept["feature"].astype(np.int64),
            threshold=kept["threshold"].astype(np.float64),
            left=kept["left"].astype(np.int64),
            right=kept["right"].astype(np.int64),
            is_missing_left=kept["is_missing_left"].astype(np.bool_),
            value=kept["value"].astype(np.float64),
            cover=kept["cover"].astype(np.float64),
            base=kept["base"].astype(np.float64),
            n_features=int(kept["n_features"]),
            is_strict=bool(kept["is_strict"]),
            dtype=str(kept["dtype"]),
            link=Link(str(kept["link"])),
        )
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ModelError(f"{where}: these arrays are no trees: {error}.") from None
