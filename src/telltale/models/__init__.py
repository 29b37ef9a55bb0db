"""Models: what is normal, what is wrong, which part, how long it will last, and how sure that is.

A model is a folder: a card, its parameters (ONNX or plain arrays) and samples with the answers it
gave when it was made, which are asked for again at each load. `base.py` is the seam.
"""

from __future__ import annotations

RUNTIMES: dict[str, str] = {
    "bearing": "telltale.models.vibration.bearing_model:bearing_model",
    "bounds": "telltale.models.detectors.bounds_core:BoundsCore",
    "cycle": "telltale.models.faults.cycles:cycle_model",
    "distance": "telltale.models.detectors.distance_core:DistanceCore",
    "estimate": "telltale.models.estimates.core:EstimateCore",
    "expectation": "telltale.models.deep.expectation_core:ExpectationCore",
    "few_lives": "telltale.models.life.few_lives_core:FewLivesCore",
    "gear": "telltale.models.vibration.gear_model:gear_model",
    "isolation_forest": "telltale.models.detectors.forest_core:ForestCore",
    "labelled_faults": "telltale.models.faults.labelled_core:LabelledCore",
    "novelty": "telltale.models.novelty.detector:novelty_detector",
    "onnx": "telltale.models.onnx_files.core:OnnxCore",
    "shapes": "telltale.models.detectors.shape_core:ShapeCore",
}
