import torch
from densessm_backend import Backend

backend = Backend('my chunks')


@backend.operator('retention', modes=['chunkwise'], dtypes=['F32'], gradients=False)
def retention(inputs, settings, mode):
    s, states, outputs = inputs['state'], [], []
    gamma = torch.tensor(settings['decay'])[:, None, None]
    for q, k, v in zip(*(inputs[name].split(settings['chunkSize'], 2) for name in 'qkv')):
        t = torch.arange(q.shape[2])[:, None]
        decays = (gamma ** (t - t.T).clamp(min=0)).tril()
        outputs.append((q @ k.mT * decays) @ v + gamma ** (t + 1) * (q @ s))
        s = gamma ** len(t) * s + (k * gamma ** (len(t) - t)).mT @ v
        states.append(s)
    backend.tap('state', torch.stack(states, 2))
    return {'output': torch.cat(outputs, 2), 'state': s}


backend.run()
