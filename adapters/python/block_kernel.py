import torch
from densessm_backend import Backend

backend = Backend('my kernels in blocks')

takes = dict(
    axes=dict(n=[16, 32, 64, 128], t=dict(multipleOf=16)),
    inputs=dict(a=dict(above=0, atMost=1)),
)


@backend.operator('linearScan', modes=['recurrent'], dtypes=['F32'], domain=takes)
def linear_scan(inputs, settings, mode):
    h, rows = inputs['state'], []
    for a, b in zip(inputs['a'].split(16, 1), inputs['b'].split(16, 1)):
        for t in range(16):
            h = a[:, t] * h + b[:, t]
            rows.append(h)
    return {'output': torch.stack(rows, 1), 'state': h}


backend.run()
