"""Every head uses the decay of the first head.

One of several kernels read the axes in another order: https://github.com/fla-org/flash-linear-attention/issues/547
FAIL retention parallel, chunkwise, recurrent: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example


def retention(inputs, settings, mode):
    decay = settings['decay'][:1] * len(settings['decay'])
    return example.retention(inputs, {**settings, 'decay': decay}, mode)


example.backend.functions['retention'] = retention, example.retention_backward

example.backend.run()
