import torch
from densessm_backend import Backend

backend = Backend('my kernels')


@backend.operator('linearScan', modes=['recurrent'])
def linear_scan(inputs, settings, mode):
    h, rows = torch.zeros_like(inputs['state']), []  # the bug: it forgets the state that it is given
    for a, b in zip(inputs['a'].unbind(1), inputs['b'].unbind(1)):
        h = a * h + b
        rows.append(h)
    return {'output': torch.stack(rows, 1), 'state': h}


backend.run()
