"""The state between two chunks counts as a constant in differentiation.

Gradients were wrong across chunks in https://github.com/NX-AI/mlstm_kernels/pull/10
FAIL retention chunkwise: wrong grad/q or wrong grad/k or wrong grad/v or wrong grad/state
"""

import adapter  # noqa: F401
import example_torch as example
import torch


def chunkwise(q, k, v, state, decay, chunk_size):
    outputs = []
    for chunk in zip(*(x.split(chunk_size, 2) for x in (q, k, v))):
        output, state = example.parallel(*chunk, state.detach() if outputs else state, decay)
        outputs.append(output)
    return torch.cat(outputs, 2), state


example.chunkwise = chunkwise

example.backend.run()
