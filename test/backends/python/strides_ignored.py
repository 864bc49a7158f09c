"""The kernel reads the key as if it were contiguous, by its pointer alone.

A kernel read its input by a flat index, without a check of strides, in https://github.com/pytorch/executorch/pull/22192
FAIL retention recurrent: wrong out/output or not-finite out/output or wrong out/state or not-finite out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np
from numpy.lib.stride_tricks import as_strided

right = example.recurrent


def by_pointer(x):
    steps = [x.itemsize * int(np.prod(x.shape[axis + 1 :])) for axis in range(x.ndim)]
    return as_strided(x, x.shape, steps)


def recurrent(q, k, v, state, decay):
    return right(q, by_pointer(k), v, state, decay)


example.recurrent = recurrent

example.backend.run()
