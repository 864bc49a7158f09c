"""The state is updated in place, so the caller's own state is lost.

A chunk wrote into a block that others read: https://github.com/vllm-project/vllm/pull/56196
FAIL retention recurrent: said-so
"""

import adapter  # noqa: F401
import example_numpy as example

right = example.recurrent


def recurrent(q, k, v, state, decay):
    output, state[:] = right(q, k, v, state, decay)
    return output, state


example.recurrent = recurrent

example.backend.run()
