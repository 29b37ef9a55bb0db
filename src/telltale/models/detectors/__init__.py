"""Detectors of what is not normal, learnt from a machine's own healthy minutes to hours.

Each entry of `DETECTORS` is a function `(healthy, settings) -> Learnt`; `train.py` makes a model's
folder of what it gives. Plain NumPy: nothing else is needed to learn or to serve them.
"""

from __future__ import annotations

DETECTORS: dict[str, str] = {
    "course": "telltale.models.detectors.bounds:learn_course",
    "cusum": "telltale.models.detectors.bounds:learn_cusum",
    "ewma": "telltale.models.detectors.bounds:learn_ewma",
    "isolation_forest": "telltale.models.detectors.forest:learn_isolation_forest",
    "mahalanobis": "telltale.models.detectors.distances:learn_mahalanobis",
    "noise": "telltale.models.detectors.bounds:learn_noise",
    "normal": "telltale.models.detectors.distances:learn_normal",
    "residual": "telltale.models.detectors.distances:learn_residual",
    "t2q": "telltale.models.detectors.distances:learn_t2q",
}
