"""Every chunk after the first starts from a zero state.

The first chunk was exact and later chunks were wrong: https://github.com/vllm-project/vllm/issues/52909
FAIL retention chunkwise: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def chunkwise(q, k, v, state, decay, chunk_size):
    outputs = []
    for start in range(0, q.shape[2], chunk_size):
        chunk = (x[:, :, start : start + chunk_size] for x in (q, k, v))
        output, left = example.parallel(*chunk, np.zeros_like(state) if start else state, decay)
        outputs.append(output)
    return np.concatenate(outputs, 2), left


example.chunkwise = chunkwise

example.backend.run()
