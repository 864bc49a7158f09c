"""Tokens after the last whole chunk are not computed.

A length that is not a multiple of the chunk size failed in https://github.com/fla-org/flash-linear-attention/issues/98
FAIL retention chunkwise: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np

right = example.chunkwise


def chunkwise(q, k, v, state, decay, chunk_size):
    output = np.zeros_like(v)
    whole = q.shape[2] // chunk_size * chunk_size
    if whole > 0:
        output[:, :, :whole], state = right(q[:, :, :whole], k[:, :, :whole], v[:, :, :whole], state, decay, chunk_size)
    return output, state


example.chunkwise = chunkwise

example.backend.run()
