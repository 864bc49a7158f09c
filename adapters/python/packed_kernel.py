import numpy as np
from densessm_backend import Backend

backend = Backend('my packed kernels', library='numpy')


def scan(a, b, h):
    output = np.empty_like(b)
    for t in range(len(b)):
        output[t] = h = a[t] * h + b[t]
    return output, h


@backend.operator('linearScan', modes=['recurrent'], dtypes=['F32'], packed=True)
def linear_scan(inputs, settings, mode):
    a, b, state = (inputs[name] for name in ('a', 'b', 'state'))
    if 'cuSeqlens' not in inputs:  # a row for each sequence
        outputs, states = zip(*map(scan, a, b, state))
        return {'output': np.stack(outputs), 'state': np.stack(states)}
    output, after = np.empty_like(b), np.empty_like(state)
    bounds = inputs['cuSeqlens']
    for i, (start, end) in enumerate(zip(bounds, bounds[1:])):
        output[0, start:end], after[i] = scan(a[0, start:end], b[0, start:end], state[i])
    return {'output': output, 'state': after}


backend.run()
