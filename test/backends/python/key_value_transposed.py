"""The state is stored as [e, d] but declared as [d, e]. The kernel reads its own states correctly; others cannot.

States had a different layout in https://github.com/fla-org/flash-linear-attention/issues/92
FAIL retention parallel, chunkwise, recurrent: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example


def retention(inputs, settings, mode):
    b, h, d, e = inputs['state'].shape
    state = inputs['state'].reshape(b, h, e, d).swapaxes(2, 3)
    found = example.retention({**inputs, 'state': state}, settings, mode)
    return {**found, 'state': found['state'].swapaxes(2, 3).reshape(b, h, d, e)}


example.backend.functions['retention'] = retention, example.retention_backward

example.backend.run()
