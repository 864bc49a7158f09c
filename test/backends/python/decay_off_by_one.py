"""Inside a chunk the decay is γ^(t−s+1) instead of γ^(t−s).

A report questioned the powers inside the chunk: https://github.com/Jamie-Stirling/RetNet/issues/10
FAIL retention parallel, chunkwise: wrong out/output
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np

right = example.decay_matrix


def decay_matrix(decay, t, like):
    return right(decay, t, like) * example.powers(decay, np.ones((1, 1)), like)


example.decay_matrix = decay_matrix

example.backend.run()
