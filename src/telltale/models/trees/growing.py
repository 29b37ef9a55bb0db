"""Trees grown by XGBoost, which says tree by tree how far it is, as every long loop does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telltale.models.progress import step
from telltale.models.trees.ensemble import Trees
from telltale.models.trees.xgboost_json import xgboost_trees
from telltale.registry import missing_extra


def xgboost_for(what: str) -> Any:  # Any: it has no types of use here
    """Return the library, for what needs it. Raises MissingExtraError."""
    try:
        import xgboost  # noqa: PLC0415  # an extra, loaded by training only
    except ImportError as missing:
        raise missing_extra(what, "train", missing) from None
    return xgboost


def grown_trees(xgboost: Any, settings: Mapping[str, Any], data: Any, rounds: int) -> Trees:
    """Return the trees of so many rounds.

    Args:
        xgboost: The library, see `xgboost_for`.
        settings: As `xgboost.train` takes them, less where and on how many threads it grows.
        data: Rows and targets, as the library holds them.
        rounds: One tree for each output.
    """
    place = {"nthread": 1, "device": growing_device()}  # one thread: the same trees each time
    booster = xgboost.train(
        {**settings, **place},
        data,
        num_boost_round=rounds,
        callbacks=steps_told(xgboost, rounds),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        booster.save_model(path)
        return xgboost_trees(path.read_bytes())[0]


def growing_device() -> str:
    """Return XGBoost's name for where trees are grown: "cuda" if its build can use a GPU.

    Such a build warns where no GPU is, and takes the CPU; `xgboost-cpu`, which telltale asks for,
    is built without. Raises MissingExtraError.
    """
    return "cuda" if xgboost_for("Growing trees").build_info().get("USE_CUDA") else "cpu"


def steps_told(xgboost: Any, rounds: int) -> list[Any]:  # Any: it has no types of use here
    """Return callbacks for `xgboost.train` of so many rounds; they change nothing of the trees."""

    class Told(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # it has no types
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            """Return that it is to go on."""
            step(epoch + 1, rounds, "tree")
            return False

    return [Told()]
