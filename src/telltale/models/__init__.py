"""Models: what is normal, what is wrong, which part, how long it will last, and how sure that is.

A model is a folder: a card, its parameters (ONNX or plain arrays) and samples with the answers it
gave when it was made, which are asked for again at each load. `base.py` is the seam.
"""

from __future__ import annotations

RUNTIMES: dict[str, str] = {
    "onnx": "telltale.models.onnx_core:OnnxCore",
}
