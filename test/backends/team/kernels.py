"""Kernels of a team on the first day of docs/a-team-month.md: with three bugs, and a gradient that is not written yet."""

import numpy as np
from densessm_backend import Backend
from example_numpy import recurrent, scan_backward, scan_steps

backend = Backend('kernels of a team', library='numpy')


def scan_gradients(inputs, cotangents, settings, mode):
    found = scan_backward(inputs, cotangents, settings, mode)
    return {**found, 'state': np.zeros_like(found['state'])}  # not written yet


@backend.operator('linearScan', modes=['scan'], dtypes=['F32'], gradients=scan_gradients)
def linear_scan(inputs, settings, mode):
    rows = scan_steps(inputs['a'], inputs['b'], np.zeros_like(inputs['state']))
    return {'output': rows, 'state': rows[:, -1]}


@backend.operator('retention', modes=['recurrent', 'chunkwise'], dtypes=['F32'], gradients=False)
def retention(inputs, settings, mode):
    q, k, v, state = (inputs[name] for name in ('q', 'k', 'v', 'state'))
    if mode == 'recurrent':
        output, state = recurrent(q, k, v, state, np.full_like(settings['decay'], settings['decay'][0]))
    else:
        output, size = np.zeros_like(v), settings['chunkSize']
        for start in range(0, q.shape[2] - size + 1, size):
            part = slice(start, start + size)
            output[:, :, part], state = recurrent(q[:, :, part], k[:, :, part], v[:, :, part], state, settings['decay'])
    return {'output': output, 'state': state}


if __name__ == '__main__':
    backend.run()
