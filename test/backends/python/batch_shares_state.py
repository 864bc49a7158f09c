"""Every sequence of the batch starts from the state of the first sequence.

Sequences of a batch were mixed in https://github.com/fla-org/flash-linear-attention/issues/837
FAIL retention parallel, chunkwise, recurrent: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def retention(inputs, settings, mode):
    state = np.broadcast_to(inputs['state'][:1], inputs['state'].shape)
    return example.retention({**inputs, 'state': state}, settings, mode)


example.backend.functions['retention'] = retention, example.retention_backward

example.backend.run()
