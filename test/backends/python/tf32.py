"""Operands of matrix products are rounded to 10 fraction bits, as in TF32, although the caller asked for F32.

TF32 is the default of tl.dot in https://github.com/triton-lang/triton/issues/1671
FAIL retention parallel, chunkwise F32: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np

right = example.parallel


def short(x):
    """Rounds to 10 fraction bits."""
    if x.dtype != np.float32:
        return x
    return ((x.view(np.uint32) + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)


def parallel(q, k, v, state, decay):
    return right(short(q), short(k), short(v), state, decay)


example.parallel = parallel

example.backend.run()
