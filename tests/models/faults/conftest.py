"""PyTorch trains what telltale ships, and runs nowhere else: 750 MB is too much to ask of all."""

from __future__ import annotations

import importlib.util

collect_ignore = [] if importlib.util.find_spec("torch") else ["test_dense_network.py"]
