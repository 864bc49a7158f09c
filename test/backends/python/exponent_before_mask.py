"""Powers of γ are computed above the diagonal too and masked afterwards, so the gradient contains 0 · ∞ = NaN.

The forward pass was correct and gradients were NaN in https://github.com/state-spaces/mamba/issues/352
FAIL retention parallel, chunkwise: not-finite grad/q
"""

import adapter  # noqa: F401
import example_torch as example
import torch


def parallel(q, k, v, state, decay):
    t = torch.arange(1, q.shape[2] + 1)
    distance = t[:, None] - t[None, :]
    scores = q @ k.transpose(2, 3) * example.powers(decay, distance, q)
    inside = torch.where(distance >= 0, scores, torch.zeros_like(scores)) @ v
    # the contribution of the given state: that of a sequence whose values are zeros
    carried, _ = right(q, k, torch.zeros_like(v), state, decay)
    _, after = right(q, k, v, state, decay)
    return inside + carried, after


right, example.parallel = example.parallel, parallel

example.backend.run()
