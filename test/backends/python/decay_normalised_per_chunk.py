"""The decay normalisation sums the decays from the beginning of each chunk, not of the sequence.

Chunkwise and parallel retention differed for this reason: https://github.com/microsoft/torchscale/issues/77
FAIL retention chunkwise: wrong out/output
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np

right = example.chunkwise


def chunkwise(q, k, v, state, decay, chunk_size):
    output, state = right(q, k, v, state, decay, chunk_size)
    sums = example.decay_matrix(decay, chunk_size, q).sum(-1, keepdims=True)
    return output / np.tile(sums, (1, -(-q.shape[2] // chunk_size), 1))[:, : q.shape[2]], state


example.chunkwise = chunkwise

example.backend.run()
