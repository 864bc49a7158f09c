"""Scans are cached by the shape of their inputs alone.

A cache had the length as its key, and not the offset, in https://github.com/lucidrains/rotary-embedding-torch/issues/11
FAIL linearScan recurrent, scan: wrong out/output
"""

import adapter  # noqa: F401
import example_numpy as example


def cached(scan):
    found = {}
    return lambda a, b, state: found.setdefault((b.shape, b.dtype), scan(a, b, state))


example.scan_steps, example.scan_rounds = cached(example.scan_steps), cached(example.scan_rounds)

example.backend.run()
