"""Every output is 0.

Such outputs pass problems of KernelBench at its tolerance of 1e-2: its issue 165.
FAIL retention parallel, chunkwise, recurrent: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def retention(inputs, settings, mode):
    return {'output': np.zeros_like(inputs['v']), 'state': np.zeros_like(inputs['state'])}


example.backend.functions['retention'] = retention, example.retention_backward

example.backend.run()
