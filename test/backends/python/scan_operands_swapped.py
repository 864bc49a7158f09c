"""The scan combines two steps in the wrong order.

Operands were swapped in https://github.com/state-spaces/mamba/issues/716
FAIL linearScan scan: wrong out/output
"""

import adapter  # noqa: F401
import example_numpy as example

right = example.combine


def combine(earlier, later):
    return right(later, earlier)


example.combine = combine

example.backend.run()
