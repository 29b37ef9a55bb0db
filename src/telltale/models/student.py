"""Student's t distribution: how far a mean of few samples may lie from the true one."""

from __future__ import annotations


def student_of_normal(z: float, freedom: float) -> float:
    """Return the quantile of Student's t that a quantile z of the normal distribution stands for.

    Taken from z and not from a share, as shares very near to 1 are all 1.0. Good to 0.2 % from
    5 degrees of freedom on in the middle, from 8 on in the far tail.

    Source:
        Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5, three terms.
    """
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return z + first / freedom + second / freedom**2 + third / freedom**3
