"""Dense fusion reads its sources farthest first, so each gets another one's gate and projection.

No report: the order is DenseSSM's own; a list is reversed once too often.
FAIL fusedKeys, fusedValues whole: wrong out/fused
"""

import adapter  # noqa: F401
import example_torch as example

right = example.dense_kv_fusion


def dense_kv_fusion(own, sources, *rest):
    return right(own, sources[::-1], *rest)


example.dense_kv_fusion = dense_kv_fusion

example.backend.run()
