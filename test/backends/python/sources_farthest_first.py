"""Dense fusion reads its sources in reverse order, so each source gets the gate and projection of another.

No report: this order is specific to DenseSSM. The bug reverses the list of sources once too often.
FAIL fusedKeys, fusedValues whole: wrong out/fused
"""

import adapter  # noqa: F401
import example_torch as example

right = example.dense_kv_fusion


def dense_kv_fusion(own, sources, *rest):
    return right(own, sources[::-1], *rest)


example.dense_kv_fusion = dense_kv_fusion

example.backend.run()
