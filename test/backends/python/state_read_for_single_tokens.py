"""The state is read for a single token, as in decoding, and ignored for several.

It was read like this in https://github.com/huggingface/transformers/pull/45513
FAIL retention parallel, chunkwise, recurrent: wrong out/output or wrong out/state
"""

import adapter  # noqa: F401
import example_numpy as example
import numpy as np


def retention(inputs, settings, mode):
    if inputs['q'].shape[2] > 1:
        inputs = {**inputs, 'state': np.zeros_like(inputs['state'])}
    return example.retention(inputs, settings, mode)


example.backend.functions['retention'] = retention, example.retention_backward

example.backend.run()
