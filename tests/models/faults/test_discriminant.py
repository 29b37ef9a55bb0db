"""The discriminant is the textbook's, and a row's answer depends on that row alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from telltale.errors import ModelError
from telltale.models.faults.discriminant import SHRINKAGE, class_shares, fit_discriminant

RNG = np.random.default_rng(1)
LABEL = np.arange(300) % 3
ROWS = RNG.normal(size=(300, 6)) @ RNG.normal(size=(6, 6)) + np.outer(LABEL, RNG.normal(size=6))


def test_it_gives_the_probabilities_of_scikit_learn() -> None:
    standard = (ROWS - ROWS.mean(axis=0)) / ROWS.std(axis=0)
    reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE)
    reference.fit(standard, LABEL)
    fitted = fit_discriminant(ROWS, LABEL, 3)
    # scikit-learn shrinks towards each class's own mean variance: equal to the third decimal
    np.testing.assert_allclose(
        class_shares(ROWS, fitted), reference.predict_proba(standard), atol=2e-3
    )


def test_a_rows_shares_are_the_same_bits_among_any_others() -> None:
    fitted = fit_discriminant(ROWS, LABEL, 3)
    whole = class_shares(ROWS, fitted)
    alone = np.concatenate([class_shares(ROWS[at : at + 1], fitted) for at in range(len(ROWS))])
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0)


def test_a_feature_that_never_changes_has_no_say() -> None:
    with_constant = np.column_stack([ROWS, np.full(len(ROWS), 7.0)])
    fitted = fit_discriminant(with_constant, LABEL, 3)
    assert np.isfinite(fitted.weights).all()
    np.testing.assert_allclose(fitted.weights[-1], 0.0, atol=1e-9)


def test_a_class_without_rows_is_refused() -> None:
    with pytest.raises(ModelError, match="Class 2 of 4"):
        fit_discriminant(ROWS, np.where(LABEL == 2, 3, LABEL), 4)
