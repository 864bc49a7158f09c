"""The keys are scaled in place, so the caller's own keys are lost.

A chunk wrote into a block that others read: https://github.com/vllm-project/vllm/pull/56196
FAIL retention recurrent: said-so
"""

import adapter  # noqa: F401
import example_numpy as example

right = example.recurrent


def recurrent(q, k, v, state, decay):
    results = right(q, k, v, state, decay)
    k *= 2
    return results


example.recurrent = recurrent

example.backend.run()
