"""A block of tokens goes beyond the last packed sequence, and a mask multiplies what is read there: NaN stays NaN.

Found by the memory around the row, which the adapter fills with NaN.
FAIL linearScan recurrent/packed: not-finite out/state
"""

import adapter  # noqa: F401
import numpy as np
from densessm_backend import Backend

BLOCK = 8
backend = Backend('a packed scan in blocks', library='numpy')


def scan(a, b, h):
    output = np.empty_like(b)
    for t in range(len(b)):
        output[t] = h = a[t] * h + b[t]
    return output, h


def block(x, start, end, neutral):
    """The tokens from `start` on, as many as a block has; those from `end` on should be neutral."""
    if not x.flags.c_contiguous:
        raise ValueError('tensors are contiguous')  # the adapter then asks again
    tokens = np.lib.stride_tricks.as_strided(x[0, start:], (BLOCK, x.shape[2]), x.strides[1:])
    mask = (np.arange(BLOCK) < end - start)[:, None].astype(x.dtype)
    return tokens * mask + x.dtype.type(neutral) * (1 - mask)


@backend.operator('linearScan', modes=['recurrent'], packed=True)
def linear_scan(inputs, settings, mode):
    a, b, state = (inputs[name] for name in ('a', 'b', 'state'))
    if 'cuSeqlens' not in inputs:
        outputs, states = zip(*map(scan, a, b, state))
        return {'output': np.stack(outputs), 'state': np.stack(states)}
    output, after = np.empty_like(b), state.copy()
    bounds = inputs['cuSeqlens']
    for i, (first, last) in enumerate(zip(bounds, bounds[1:])):
        for start in range(first, last, BLOCK):
            end = min(last, start + BLOCK)
            rows, _ = scan(block(a, start, end, 1), block(b, start, end, 0), after[i])
            output[0, start:end], after[i] = rows[: end - start], rows[-1]
    return {'output': output, 'state': after}


backend.run()
