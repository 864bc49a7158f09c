"""The last chunk is padded with zero tokens, and each of them decays the state again.

Padding changed the state in https://github.com/huggingface/transformers/issues/46190
FAIL retention chunkwise: wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np

right = example.chunkwise


def chunkwise(q, k, v, state, decay, chunk_size):
    t = q.shape[2]
    padded = (np.pad(x, [(0, 0), (0, 0), (0, -t % chunk_size), (0, 0)]) for x in (q, k, v))
    output, state = right(*padded, state, decay, chunk_size)
    return output[:, :, :t], state


example.chunkwise = chunkwise

example.backend.run()
