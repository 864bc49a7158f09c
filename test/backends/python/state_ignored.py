"""Every sequence starts from zeros and ignores its initial state.

Every prefill window after the first did the same: https://github.com/gittensor-ai-lab/sparkinfer/pull/1071
FAIL retention parallel, chunkwise, recurrent: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def retention(inputs, settings, mode):
    return example.retention({**inputs, 'state': np.zeros_like(inputs['state'])}, settings, mode)


example.backend.functions['retention'] = retention, example.retention_backward

example.backend.run()
