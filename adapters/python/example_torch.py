"""Retention, dense fusion and the linear scan in PyTorch: the example for `densessm check`.

npx densessm check --backend "python3 adapters/python/example_torch.py"
"""

import torch
from densessm_backend import Backend
from torch.nn.functional import linear, silu

backend = Backend('the example in PyTorch')


def powers(decay, exponents, like):
    """Powers γ^n of each head [h, ...], computed in float64 and rounded once."""
    gamma = torch.tensor(decay, dtype=torch.float64).reshape(-1, *[1] * exponents.dim())
    return (gamma ** exponents.to(torch.float64)).to(like)


def recurrent(q, k, v, state, decay):
    """S_t = γ S_{t−1} + k_tᵀ v_t, o_t = q_t S_t (Eqs. 19, 20): q, k [b, h, t, d], v [b, h, t, e], S [b, h, d, e]."""
    gamma = powers(decay, torch.ones(1, 1), q)
    outputs = []
    for t in range(q.shape[2]):
        state = gamma * state + torch.einsum('bhd,bhe->bhde', k[:, :, t], v[:, :, t])
        outputs.append(torch.einsum('bhd,bhde->bhe', q[:, :, t], state))
    return torch.stack(outputs, 2), state


def parallel(q, k, v, state, decay):
    """o_t = Σ_{s≤t} γ^{t−s} (q_t·k_s) v_s + γ^t q_t S_0, S_T = γ^T S_0 + Σ_s γ^{T−s} k_sᵀ v_s, t from 1 (Eq. 25)."""
    t = torch.arange(1, q.shape[2] + 1)
    distance = t[:, None] - t[None, :]
    weights = powers(decay, distance.clamp(min=0), q) * (distance >= 0).to(q)
    inside = (q @ k.transpose(2, 3) * weights) @ v
    carried = powers(decay, t[:, None], q) * (q @ state)
    added = (k * powers(decay, len(t) - t[:, None], q)).transpose(2, 3) @ v
    return inside + carried, powers(decay, torch.full((1, 1), len(t)), q) * state + added


def chunkwise(q, k, v, state, decay, chunk_size):
    """Parallel inside a chunk, recurrent from chunk to chunk; the last chunk may be shorter."""
    outputs = []
    for chunk in zip(*(x.split(chunk_size, 2) for x in (q, k, v))):
        output, state = parallel(*chunk, state, decay)
        outputs.append(output)
    return torch.cat(outputs, 2), state


@backend.operator('retention', modes=['parallel', 'recurrent', 'chunkwise'])
def retention(inputs, settings, mode):
    modes = {
        'parallel': parallel,
        'recurrent': recurrent,
        'chunkwise': lambda *given: chunkwise(*given, settings['chunkSize']),
    }
    output, state = modes[mode](*(inputs[name] for name in ('q', 'k', 'v', 'state')), settings['decay'])
    return {'output': output, 'state': state}


def dense_kv_fusion(own, sources, x, gates, projections, norm, activation, epsilon):
    """k' = Norm(k + Σ_j Proj_j(k^{l−j}) ⊙ g_j), g_j = Gate_j(x) (Eqs. 15–18, 21–24). Nearest source first."""
    fused = own
    for j, source in enumerate(sources):
        down, up = gates[j % len(gates)]  # one gate for all sources, or one for each
        gate = activation(linear(silu(linear(x, down)), up))
        fused = fused + (linear(source, projections[j]) if projections else source) * gate
    if norm is None:
        return fused
    return fused * torch.rsqrt(fused.square().mean(-1, keepdim=True) + epsilon) * norm


@backend.operator('fusedKeys', modes=['whole'])
@backend.operator('fusedValues', modes=['whole'])
def fused(inputs, settings, mode):
    def listed(name):
        return [inputs[name.format(i)] for i in range(len(inputs)) if name.format(i) in inputs]

    layers = listed('source.{}')  # layer 0 first
    return {
        'fused': dense_kv_fusion(
            inputs['own'],
            layers[::-1][: settings['denseLayers']],
            inputs['x'],
            list(zip(listed('param.gates.{}.down'), listed('param.gates.{}.up'))),
            listed('param.projections.{}'),
            inputs.get('param.norm'),
            silu if settings['readings']['gateActivation'] == 'silu' else lambda logits: logits,
            settings['epsilon'],
        )
    }


def scan_steps(a, b, state):
    """h_t = a_t h_{t−1} + b_t. a, b [b, t, n], state [b, n]."""
    rows = []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1)):
        state = a_t * state + b_t
        rows.append(state)
    return torch.stack(rows, 1)


def scan_rounds(a, b, state):
    """Computes scan_steps in log₂ T rounds of (a, b) ∘ (a', b') = (a a', a' b + b'). A round doubles the distance."""
    b = torch.cat([b[:, :1] + a[:, :1] * state[:, None], b[:, 1:]], 1)
    step = 1
    while step < b.shape[1]:
        b = torch.cat([b[:, :step], b[:, step:] + a[:, step:] * b[:, :-step]], 1)
        a = torch.cat([a[:, :step], a[:, step:] * a[:, :-step]], 1)
        step *= 2
    return b


@backend.operator('linearScan', modes=['recurrent', 'scan', 'logStep'])
def linear_scan(inputs, settings, mode):
    scan = scan_steps if mode == 'recurrent' else scan_rounds
    output = scan(inputs['a'], inputs['b'], inputs['state'])
    return {'output': output, 'state': output[:, -1]}


if __name__ == '__main__':
    backend.run()
