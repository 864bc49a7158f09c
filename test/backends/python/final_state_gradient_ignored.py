"""The backward pass starts from zeros in place of the cotangent of the final state.

The forward pass was correct and gradients were wrong in https://github.com/fla-org/flash-linear-attention/pull/1141
FAIL retention parallel, chunkwise, recurrent: wrong grad/k or wrong grad/v or wrong grad/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def backward(inputs, cotangents, settings, mode):
    cotangents = {**cotangents, 'state': np.zeros_like(cotangents['state'])}
    return example.retention_backward(inputs, cotangents, settings, mode)


example.backend.functions['retention'] = example.retention, backward

example.backend.run()
