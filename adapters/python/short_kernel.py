import torch
from densessm_backend import Backend

backend = Backend('my kernels in 16 bits')


@backend.operator('linearScan', modes=['recurrent'], dtypes=['BF16', 'F16'], precision=['bf16', 'f16'])
def linear_scan(inputs, settings, mode):
    a, b, h = (inputs[name].float() for name in ('a', 'b', 'state'))  # it computes in float32
    rows = []
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        rows.append(h)
    return {'output': torch.stack(rows, 1).to(inputs['b'].dtype), 'state': h}  # the state stays in float32


backend.run()
