"""The quick ways to ask a mask say what NumPy's own say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from telltale.batch import BoolArray
from telltale.pipeline.masks import anywhere, everywhere


@given(
    arrays(
        np.bool_,
        array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5),
        elements=st.booleans(),
    )
)
def test_a_mask_is_asked_as_numpy_would(mask: BoolArray) -> None:
    assert everywhere(mask) == mask.all()
    assert anywhere(mask) == mask.any()
