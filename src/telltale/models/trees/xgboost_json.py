"""Reads what `booster.save_model("model.json")` of XGBoost writes. XGBoost is not needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.trees.ensemble import LEAF, Link, Trees, check_size

Margin = Callable[[FloatArray], FloatArray]


def _same(score: FloatArray) -> FloatArray:
    return score


def _logit(score: FloatArray) -> FloatArray:
    return np.log(score / (1.0 - score))


# Objective -> what becomes of the sums, and how `base_score` becomes a sum.
OBJECTIVES: dict[str, tuple[Link, Margin]] = {
    "reg:squarederror": (Link.IDENTITY, _same),
    "reg:squaredlogerror": (Link.IDENTITY, _same),
    "reg:absoluteerror": (Link.IDENTITY, _same),
    "reg:pseudohubererror": (Link.IDENTITY, _same),
    "reg:quantileerror": (Link.IDENTITY, _same),
    "reg:logistic": (Link.SIGMOID, _logit),
    "reg:gamma": (Link.EXP, np.log),
    "reg:tweedie": (Link.EXP, np.log),
    "count:poisson": (Link.EXP, np.log),
    "binary:logistic": (Link.SIGMOID, _logit),
    "binary:logitraw": (Link.IDENTITY, _same),
    "binary:hinge": (Link.IS_POSITIVE, _same),
    "multi:softprob": (Link.SOFTMAX, _same),
    "multi:softmax": (Link.CLASS, _same),
    "rank:pairwise": (Link.IDENTITY, _same),
    "rank:ndcg": (Link.IDENTITY, _same),
    "rank:map": (Link.IDENTITY, _same),
}


def xgboost_trees(text: bytes) -> tuple[Trees, tuple[str, ...]]:
    """Return the trees of a saved booster, and what its user should know.

    Several outputs, several quantiles, several classes, `multi_output_tree` and DART are read.

    Raises:
        ModelError: It is no such file, or splits by category, or its booster or objective is
            not one that is read.
    """
    try:
        learner = json.loads(text)["learner"]
        return _ensemble(learner), _notes(learner)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ModelError(
            f"This is not a model that XGBoost saved as JSON ({type(error).__name__}: {error}). "
            'Write one with booster.save_model("model.json").'
        ) from None
    except RecursionError:
        raise ModelError("XGBoost JSON: nested too deeply.") from None


def _ensemble(learner: dict[str, Any]) -> Trees:
    link, margin = _objective(learner["objective"]["name"])
    booster = learner["gradient_booster"]
    model, weights = _model(booster)
    parameters = learner["learner_model_param"]
    n_outputs = max(int(parameters["num_class"]), int(parameters.get("num_target", "1")), 1)
    trees = model["trees"]
    check_size(sum(len(tree["left_children"]) for tree in trees), n_outputs)
    parts = [
        _tree(tree, int(group), n_outputs, weight)
        for tree, group, weight in zip(trees, model["tree_info"], weights, strict=True)
    ]
    starts = np.cumsum([0, *(len(part["feature"]) for part in parts)])
    joined: dict[str, Any] = {
        key: np.concatenate([part[key] for part in parts]) for key in parts[0]
    }
    offset = np.repeat(starts[:-1], np.diff(starts))
    for side in ("left", "right"):
        joined[side] = np.where(joined["feature"] == LEAF, LEAF, joined[side] + offset)
    return Trees(
        starts=starts,
        **joined,
        base=margin(_base_scores(parameters["base_score"], n_outputs)),
        n_features=int(parameters["num_feature"]),
        is_strict=True,
        link=link,
    )


def _objective(name: str) -> tuple[Link, Margin]:
    if name not in OBJECTIVES:
        raise ModelError(
            f"XGBoost objective {name!r} is not read. Known: {', '.join(sorted(OBJECTIVES))}."
        )
    return OBJECTIVES[name]


def _model(booster: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:
    """Return the booster's trees, and what each is multiplied with."""
    name = booster["name"]
    if name == "dart":
        return booster["gbtree"]["model"], [float(w) for w in booster["weight_drop"]]
    if name != "gbtree":
        raise ModelError(f"XGBoost booster {name!r} holds no trees; gbtree and dart are read.")
    return booster["model"], [1.0] * len(booster["model"]["trees"])


def _base_scores(text: str, n_outputs: int) -> FloatArray:
    """Return `base_score`, which is one number or one for each output."""
    scores = np.atleast_1d(np.asarray(json.loads(text), dtype=np.float32)).astype(np.float64)
    return np.array(np.broadcast_to(scores, (n_outputs,)))


def _tree(tree: dict[str, Any], group: int, n_outputs: int, weight: float) -> dict[str, Any]:
    if any(tree.get("split_type", ())):
        raise ModelError(
            "XGBoost: the model splits by category. Encode categories as numbers before training."
        )
    left = np.asarray(tree["left_children"], dtype=np.int64)
    is_leaf = left == LEAF
    conditions = np.asarray(tree["split_conditions"], dtype=np.float32)
    width = int(tree["tree_param"].get("size_leaf_vector", "1"))
    value = np.zeros((len(left), n_outputs))
    if width > 1:
        weights = np.asarray(tree["leaf_weights"], dtype=np.float32).reshape(-1, width)
        value[is_leaf] = weights[np.asarray(tree["right_children"])[is_leaf]]
    else:
        value[is_leaf, group] = conditions[is_leaf]
    return {
        "feature": np.where(is_leaf, LEAF, np.asarray(tree["split_indices"], dtype=np.int64)),
        "threshold": np.where(is_leaf, 0.0, conditions).astype(np.float64),
        "left": left,
        "right": np.asarray(tree["right_children"], dtype=np.int64),
        "is_missing_left": np.asarray(tree["default_left"], dtype=np.bool_),
        "value": value * np.float64(np.float32(weight)),
        "cover": np.asarray(tree["sum_hessian"], dtype=np.float64),
    }


def _notes(learner: dict[str, Any]) -> tuple[str, ...]:
    best = learner.get("attributes", {}).get("best_iteration")
    if best is None:
        return ()
    return (
        f"Training stopped early, at round {best}; all rounds are used. For the best ones alone, "
        f"save booster[:{int(best) + 1}].",
    )
