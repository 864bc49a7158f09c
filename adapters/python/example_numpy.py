"""Retention and the linear scan in numpy, without PyTorch. Its gradients are written by hand.

npx densessm check --backend "python3 adapters/python/example_numpy.py"
"""

import numpy as np
from densessm_backend import Backend

backend = Backend('the example in numpy', library='numpy')


def powers(decay, exponents, like):
    """Powers γ^n of each head [h, ...], computed in float64 and rounded once."""
    return (np.reshape(decay, [-1] + [1] * exponents.ndim) ** exponents.astype(float)).astype(like.dtype)


def outer(x, y):
    return x[..., :, None] * y[..., None, :]


def states_of(k, v, state, decay):
    """Returns S_0 … S_T: S_t = γ S_{t−1} + k_tᵀ v_t (Eq. 19). k [b, h, t, d], v [b, h, t, e], state [b, h, d, e]."""
    states = [state]
    for t in range(k.shape[2]):
        states.append(powers(decay, np.ones((1, 1)), k) * states[-1] + outer(k[:, :, t], v[:, :, t]))
    return states


def recurrent(q, k, v, state, decay):
    """Returns o_t = q_t S_t (Eq. 20) and S_T. q [b, h, t, d]."""
    states = states_of(k, v, state, decay)
    outputs = [np.einsum('bhd,bhde->bhe', q[:, :, t], s) for t, s in enumerate(states[1:])]
    return np.stack(outputs, 2), states[-1]


def decay_matrix(decay, t, like):
    """Decay matrix of each head: D_{t,s} = γ^{t−s} for s ≤ t, else 0."""
    distance = np.arange(t)[:, None] - np.arange(t)[None, :]
    return powers(decay, np.maximum(distance, 0), like) * (distance >= 0).astype(like.dtype)


def parallel(q, k, v, state, decay):
    """O = (Q Kᵀ ⊙ D) V + γ^t Q S_0 and S_T = γ^T S_0 + Σ_s γ^{T−s} k_sᵀ v_s, t from 1 (Eq. 25)."""
    length = q.shape[2]
    t = np.arange(1, length + 1)[:, None]
    inside = (q @ k.swapaxes(2, 3) * decay_matrix(decay, length, q)) @ v
    carried = powers(decay, t, q) * (q @ state)
    added = (k * powers(decay, length - t, q)).swapaxes(2, 3) @ v
    return inside + carried, powers(decay, np.full((1, 1), length), q) * state + added


def chunkwise(q, k, v, state, decay, chunk_size):
    """Parallel inside a chunk, recurrent from chunk to chunk; the last chunk may be shorter."""
    outputs = []
    for start in range(0, q.shape[2], chunk_size):
        chunk = (x[:, :, start : start + chunk_size] for x in (q, k, v))
        output, state = parallel(*chunk, state, decay)
        outputs.append(output)
    return np.concatenate(outputs, 2), state


def retention_backward(inputs, cotangents, settings, mode):
    """Computes dS_t = γ dS_{t+1} + q_tᵀ do_t from the last token to the first. All modes have this gradient."""
    q, k, v, state, decay = *(inputs[name] for name in ('q', 'k', 'v', 'state')), settings['decay']
    states = states_of(k, v, state, decay)
    dq, dk, dv, ds = np.empty_like(q), np.empty_like(k), np.empty_like(v), cotangents['state']
    for t in reversed(range(q.shape[2])):
        do = cotangents['output'][:, :, t]
        ds = ds + outer(q[:, :, t], do)
        dq[:, :, t] = np.einsum('bhde,bhe->bhd', states[t + 1], do)
        dk[:, :, t] = np.einsum('bhde,bhe->bhd', ds, v[:, :, t])
        dv[:, :, t] = np.einsum('bhde,bhd->bhe', ds, k[:, :, t])
        ds = powers(decay, np.ones((1, 1)), q) * ds
    return {'q': dq, 'k': dk, 'v': dv, 'state': ds}


@backend.operator('retention', modes=['parallel', 'recurrent', 'chunkwise'], gradients=retention_backward)
def retention(inputs, settings, mode):
    given = *(inputs[name] for name in ('q', 'k', 'v', 'state')), settings['decay']
    if mode == 'chunkwise':
        output, state = chunkwise(*given, settings['chunkSize'])
    else:
        output, state = (recurrent if mode == 'recurrent' else parallel)(*given)
    return {'output': output, 'state': state}


def scan_steps(a, b, state):
    """h_t = a_t h_{t−1} + b_t. a, b [b, t, n], state [b, n]."""
    rows = np.empty_like(b)
    for t in range(b.shape[1]):
        rows[:, t] = state = a[:, t] * state + b[:, t]
    return rows


def combine(earlier, later):
    """(a, b) ∘ (a', b') = (a a', a' b + b'): first h ↦ a h + b, then h ↦ a' h + b'."""
    return earlier[0] * later[0], later[0] * earlier[1] + later[1]


def scan_rounds(a, b, state):
    """Computes scan_steps in log₂ T rounds. Each round doubles the distance."""
    b = np.concatenate([b[:, :1] + a[:, :1] * state[:, None], b[:, 1:]], 1)
    step = 1
    while step < b.shape[1]:
        later = combine((a[:, :-step], b[:, :-step]), (a[:, step:], b[:, step:]))
        a, b = (np.concatenate([x[:, :step], y], 1) for x, y in zip((a, b), later))
        step *= 2
    return b


def scan_backward(inputs, cotangents, settings, mode):
    """g_t = dh_t + a_{t+1} g_{t+1}, the scan in reverse; da_t = g_t h_{t−1}, db_t = g_t."""
    a, b, state = inputs['a'], inputs['b'], inputs['state']
    before = np.concatenate([state[:, None], scan_steps(a, b, state)[:, :-1]], 1)
    g = np.empty_like(b)
    carried = cotangents['state']
    for t in reversed(range(b.shape[1])):
        g[:, t] = cotangents['output'][:, t] + carried
        carried = a[:, t] * g[:, t]
    return {'a': g * before, 'b': g, 'state': carried}


@backend.operator('linearScan', modes=['recurrent', 'scan'], gradients=scan_backward)
def linear_scan(inputs, settings, mode):
    output = (scan_steps if mode == 'recurrent' else scan_rounds)(inputs['a'], inputs['b'], inputs['state'])
    return {'output': output, 'state': output[:, -1]}


if __name__ == '__main__':
    backend.run()
