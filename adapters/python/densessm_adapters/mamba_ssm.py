"""mamba_ssm: npx densessm check --backend "python3 -m densessm_adapters.mamba_ssm"

Its CUDA scan, offered if it was built, puts channels before time, starts from zeros, and has no gradient of the last
state.
"""

from densessm_backend import Backend

from .start import limits, offered, options

chosen = options('mamba_ssm', 'mamba_ssm')

import mamba_ssm  # noqa: E402
from mamba_ssm.modules.ssd_minimal import ssd_minimal_discrete  # noqa: E402
from mamba_ssm.ops import selective_scan_interface as scans  # noqa: E402
from mamba_ssm.ops.triton.layernorm_gated import rms_norm_ref, rmsnorm_fn  # noqa: E402
from mamba_ssm.ops.triton.mamba3.mamba3_siso_combined import mamba3_siso_combined  # noqa: E402
from mamba_ssm.ops.triton.selective_state_update import selective_state_update, selective_state_update_ref  # noqa: E402
from mamba_ssm.ops.triton.ssd_combined import mamba_chunk_scan_combined  # noqa: E402

backend = Backend(f'mamba_ssm {mamba_ssm.__version__}', device=chosen.device, compiles=chosen.compiles)
declared = offered(chosen)


@backend.operator('rmsNorm', modes=['whole'], **declared)
def rms_norm(inputs, settings, mode):
    norm = rms_norm_ref if chosen.naive else rmsnorm_fn
    return {'output': norm(inputs['x'], inputs['weight'], None, eps=settings['epsilon'])}


def wide(inputs, name, *shape):
    """A parameter that a head may share, for each of its channels; None if it is absent."""
    if name not in inputs:
        return None
    x = inputs[name]
    return (x if x.dim() == len(shape) else x.reshape(*x.shape, *[1] * (len(shape) - x.dim()))).expand(shape)


# the kernel fails without D or dt bias
given = {} if chosen.naive else dict(inputs=dict(skip='given', deltaBias='given'))


@backend.operator('selectiveStateUpdate', modes=['recurrent'], gradients=False, domain=given, **declared)
def state_update(inputs, settings, mode):
    update = selective_state_update_ref if chosen.naive else selective_state_update
    state = inputs['state'].clone()  # the function writes into it
    batch, heads, width, size = state.shape
    output = update(
        state,
        inputs['x'],
        wide(inputs, 'delta', batch, heads, width),
        wide(inputs, 'a', heads, width, size),
        inputs['b'],
        inputs['c'],
        D=wide(inputs, 'skip', heads, width),
        z=inputs.get('z'),
        dt_bias=wide(inputs, 'deltaBias', heads, width),
        dt_softplus=settings['deltaSoftplus'],
    )
    return {'output': output, 'state': state}


def selective_scan(inputs, settings, mode):
    scan = scans.selective_scan_ref if chosen.naive else scans.selective_scan_fn
    rows = [inputs[settings[x] + x.upper()] for x in 'bc']
    groups = max(x.shape[2] if x.dim() == 4 else 1 for x in rows)
    b, c = ((x if x.dim() == 4 else x[:, :, None].expand(-1, -1, groups, -1)).permute(0, 2, 3, 1) for x in rows)
    output, state = scan(
        inputs['u'].transpose(1, 2),
        inputs['delta'].transpose(1, 2),
        inputs['a'].float(),
        b,
        c,
        D=inputs['skip'].float() if 'skip' in inputs else None,
        z=inputs['z'].transpose(1, 2) if 'z' in inputs else None,
        delta_bias=inputs['deltaBias'].float() if 'deltaBias' in inputs else None,
        delta_softplus=settings['deltaSoftplus'],
        return_last_state=True,
    )
    return {'output': output.transpose(1, 2), 'state': state}


if chosen.naive or scans.selective_scan_cuda is not None:
    domain = dict(
        settings=dict(b=['token', 'group'], c=['token', 'group']),
        axes={"g'": 'g'},
        inputs=dict(state=0),
        cotangents={} if chosen.naive else dict(state=0),
    )
    known = ['u', 'delta', 'a', 'tokenB', 'groupB', 'tokenC', 'groupC', 'skip', 'z', 'deltaBias']
    modes = ['recurrent' if chosen.naive else 'logStep']
    backend.operator('selectiveScan', modes, gradients=known, domain=domain, **declared)(selective_scan)

if not chosen.naive:

    @backend.operator('mamba2Scan', modes=['chunkwise'], domain=dict(settings=dict(deltaPer='head')), **declared)
    def scan_of_heads(inputs, settings, mode):
        given = {name: inputs[name].transpose(1, 2) for name in ('x', 'delta', 'b', 'c', 'z') if name in inputs}
        output, state = mamba_chunk_scan_combined(
            given['x'],
            given['delta'],
            inputs['a'],
            given['b'],
            given['c'],
            64,
            D=inputs.get('skip'),
            z=given.get('z'),
            dt_bias=inputs.get('deltaBias'),
            initial_states=inputs['state'],
            dt_softplus=settings['deltaSoftplus'],
            dt_limit=limits(settings),
            return_final_states=True,
        )
        return {'output': output.transpose(1, 2), 'state': state}

    blocks = [16, 32, 64, 128]

    # it rounds what it is given to bfloat16, except for gates, steps and parameters; heads add to their group's key one by one
    @backend.operator(
        'mamba3',
        modes=['chunkwise'],
        **offered(chosen, ['BF16']),
        domain=dict(axes=dict(n=blocks, e=blocks, p=dict(multipleOf=2)), inputs=dict(gate='finite')),
        atomic={'grad/k': 'h'},
    )
    def trapezoid(inputs, settings, mode):
        given = {name: inputs[name].transpose(1, 2) for name in ('q', 'k', 'v', 'angles', 'z') if name in inputs}
        names = 'output', 'angleState', 'state', 'keyState', 'valueState'
        found = mamba3_siso_combined(
            given['q'],
            given['k'],
            given['v'],
            inputs['gate'].float(),
            inputs['delta'].float(),
            inputs['trap'],
            inputs['qBias'].float(),
            inputs['kBias'].float(),
            given['angles'],
            D=inputs['skip'].float() if 'skip' in inputs else None,
            Z=given.get('z'),
            Input_States=tuple(inputs[name].float() for name in names[1:]),
            return_final_states=True,
        )
        return dict(zip(names, found), output=found[0].transpose(1, 2))


if chosen.naive:

    @backend.operator(
        'stateSpaceDuality',
        modes=['chunkwise'],
        domain=dict(axes=dict(t=dict(multipleOf=16)), inputs=dict(gate='finite')),
        **offered(chosen, ['F32', 'F64']),
    )
    def duality(inputs, settings, mode):
        x, gate, b, c = (inputs[name].transpose(1, 2) for name in ('x', 'gate', 'b', 'c'))
        b, c = (y.repeat_interleave(x.shape[2] // y.shape[2], 2) for y in (b, c))
        output, state = ssd_minimal_discrete(x, gate, b, c, 16, inputs['state'][:, None])
        return {'output': output.transpose(1, 2), 'state': state}


backend.run()
