"""The gradient of the decays is not written after the last whole block of four tokens.

A term of the gate's gradient was missing if 64 does not divide T: https://github.com/fla-org/flash-linear-attention/issues/1142
FAIL linearScan recurrent, scan: wrong grad/a
"""

import adapter  # noqa: F401
import example_numpy as example


def backward(inputs, cotangents, settings, mode):
    found = example.scan_backward(inputs, cotangents, settings, mode)
    found['a'][:, found['a'].shape[1] // 4 * 4 :] = 0
    return found


example.backend.functions['linearScan'] = example.linear_scan, backward

example.backend.run()
