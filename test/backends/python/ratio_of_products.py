"""The scan divides by products of decays, cumsum(b / Π a) · Π a; the products underflow.

It gave NaN in https://github.com/MzeroMiko/mamba-mini/issues/1
FAIL linearScan scan: not-finite out/output or wrong out/output
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def scan_rounds(a, b, state):
    with np.errstate(all='ignore'):
        product = np.cumprod(a, 1)
        return product * (state[:, None] + np.cumsum(b / product, 1))


example.scan_rounds = scan_rounds

example.backend.run()
