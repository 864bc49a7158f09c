"""Answers vectors of linearScan, h_t = a_t h_{t-1} + b_t, with its gradients, in numpy."""

import numpy as np


def linear_scan(case):
    a, b, state = (case.inputs[name] for name in ('a', 'b', 'state'))  # a and b are [b, t, n], the state is [b, n]
    before, rows, h = [], [], state
    for t in range(a.shape[1]):
        before.append(h)
        h = a[:, t] * h + b[:, t]
        rows.append(h)
    # backward: g is the gradient of the state after token t
    g, grad_a, grad_b = case.cotangents['state'], np.zeros_like(a), np.zeros_like(b)
    for t in reversed(range(a.shape[1])):
        g = g + case.cotangents['output'][:, t]
        grad_a[:, t], grad_b[:, t], g = g * before[t], g, g * a[:, t]
    return {'out/output': np.stack(rows, 1), 'out/state': h, 'grad/a': grad_a, 'grad/b': grad_b, 'grad/state': g}
