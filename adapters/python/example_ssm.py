"""State space models and gated linear attention in PyTorch, token by token or in log₂ T rounds.

npx densessm check --backend "python3 adapters/python/example_ssm.py"
"""

import torch
from densessm_backend import Backend
from example_torch import scan_rounds, scan_steps
from torch.nn.functional import conv1d, silu, softplus

backend = Backend('state space models in PyTorch')


def all_states(decay, drive, state, mode):
    """h_t = decay_t h_{t−1} + drive_t (Eq. 5), [b, t, ...], from state [b, ...]."""
    scan = scan_steps if mode == 'recurrent' else scan_rounds
    return scan(decay.expand(drive.shape), drive, state)


@backend.operator('diagonalSsm', modes=['recurrent', 'scan', 'logStep'])
def diagonal_ssm(inputs, settings, mode):
    x, a, b, c = (inputs[name] for name in ('x', 'a', 'b', 'c'))
    h = all_states(a, x[..., None] * b, inputs['state'], mode)
    return {'output': (h * c).sum(-1), 'state': h[:, -1]}


def rows(inputs, which, layout, channels):
    """B or C of every channel, to broadcast to [b, t, e, n]. Layouts: constant, one a token, one a token and group."""
    given = inputs[layout + which]
    if layout == 'constant':
        return given
    if layout == 'token':
        return given[:, :, None]
    return given.repeat_interleave(channels // given.shape[2], 2)


@backend.operator('selectiveScan', modes=['recurrent', 'scan', 'logStep'])
def selective_scan(inputs, settings, mode):
    u, a = inputs['u'], inputs['a']
    delta = inputs['delta'] + inputs.get('deltaBias', 0)
    if settings['deltaSoftplus']:
        # PyTorch's softplus is the identity above its threshold: at the default, 20, its error is 2e-9
        delta = softplus(delta, threshold=40)
    b, c = (rows(inputs, which, settings[which.lower()], u.shape[-1]) for which in 'BC')
    h = all_states(torch.exp(delta[..., None] * a), (delta * u)[..., None] * b, inputs['state'], mode)
    output = (h * c).sum(-1)
    if 'skip' in inputs:
        output = output + inputs['skip'] * u
    if 'z' in inputs:
        output = output * silu(inputs['z'])
    return {'output': output, 'state': h[:, -1]}


@backend.operator('depthwiseConvolution', modes=['parallel'])
def depthwise_convolution(inputs, settings, mode):
    weight = inputs['weight']
    longer = torch.cat([inputs['window'], inputs['x']], 1)
    # no tap reads the oldest input of the window
    output = conv1d(longer[:, 1:].transpose(1, 2), weight[:, None], inputs.get('bias'), groups=weight.shape[0])
    output = silu(output) if settings['activation'] == 'silu' else output
    return {'output': output.transpose(1, 2), 'window': longer[:, -weight.shape[1] :]}


def gated(q, k, v, state, gate):
    """S_t = exp(gate_t) S_{t−1} + k_tᵀ v_t, o_t = q_t S_t, per head: [b, h, t, ·]."""
    outputs = []
    for t in range(q.shape[2]):
        decay = 1 if gate is None else torch.exp(gate[:, :, t, None, None])
        state = decay * state + k[:, :, t, :, None] * v[:, :, t, None]
        outputs.append((q[:, :, t, :, None] * state).sum(-2))
    return torch.stack(outputs, 2), state


@backend.operator('linearAttention', modes=['recurrent'])
@backend.operator('simpleGla', modes=['recurrent'])
def gated_linear_attention(inputs, settings, mode):
    output, state = gated(*(inputs[name] for name in ('q', 'k', 'v', 'state')), inputs.get('gate'))
    return {'output': output, 'state': state}


@backend.operator('stateSpaceDuality', modes=['recurrent'])
def state_space_duality(inputs, settings, mode):
    x, heads = inputs['x'], inputs['x'].shape[1]
    b, c = (inputs[name].repeat_interleave(heads // inputs[name].shape[1], 1) for name in 'bc')
    output, state = gated(c, b, x, inputs['state'].transpose(2, 3), inputs['gate'])
    return {'output': output, 'state': state.transpose(2, 3)}


if __name__ == '__main__':
    backend.run()
