"""Hugging Face transformers: npx densessm check --backend "python3 -m densessm_adapters.transformers --naive"

With --naive, the functions in PyTorch with which its Mamba and Mamba-2 run where no kernels are installed; else those
that it takes here.
"""

import inspect

from densessm_backend import Backend

from .start import activation, limits, offered, options

chosen = options('transformers', 'transformers')

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers.models.mamba import modeling_mamba as mamba  # noqa: E402
from transformers.models.mamba2 import modeling_mamba2 as mamba2  # noqa: E402

backend = Backend(f'transformers {transformers.__version__}', device=chosen.device)
declared = offered(chosen)
taken = inspect.unwrap if chosen.naive else lambda function: function


# the scan starts from zeros, and takes one B and one C for all channels
@backend.operator(
    'selectiveScan',
    modes=['recurrent'],
    gradients=['u', 'delta', 'a', 'tokenB', 'tokenC', 'skip', 'z', 'deltaBias'],
    domain=dict(settings=dict(b='token', c='token'), inputs=dict(state=0)),
    **declared,
)
def selective_scan(inputs, settings, mode):
    u, delta, b, c = (inputs[name].transpose(1, 2) for name in ('u', 'delta', 'tokenB', 'tokenC'))
    output, state = taken(mamba.mamba_selective_scan)(
        u,
        delta,
        inputs['a'],
        b,
        c,
        D=inputs.get('skip'),
        z=inputs['z'].transpose(1, 2) if 'z' in inputs else None,
        delta_bias=inputs.get('deltaBias'),
        delta_softplus=settings['deltaSoftplus'],
        return_last_state=True,
    )
    return {'output': output.transpose(1, 2), 'state': state}


@backend.operator('convolutionStep', modes=['recurrent'], domain=dict(inputs=dict(position='absent')), **declared)
@backend.operator('depthwiseConvolution', modes=['parallel'], **declared)
def depthwise_convolution(inputs, settings, mode):
    window = inputs['window'].transpose(1, 2).clone()  # the function writes into it
    update = taken(mamba.causal_conv1d_update)
    output = update(inputs['x'].transpose(1, 2), window, inputs['weight'], inputs.get('bias'), activation(settings))
    return {'output': output.transpose(1, 2), 'window': window.transpose(1, 2)}


@backend.operator('rmsNorm', modes=['whole'], **declared)
def rms_norm(inputs, settings, mode):
    norm = mamba.MambaRMSNorm(inputs['x'].shape[-1], settings['epsilon'])
    return {'output': torch.func.functional_call(norm, {'weight': inputs['weight']}, inputs['x'])}


@backend.operator(
    'selectiveStateUpdate',
    modes=['recurrent'],
    gradients=False,
    domain=dict(settings=dict(deltaPer='channel', skipPer='channel')),
    **declared,
)
def state_update(inputs, settings, mode):
    state = inputs['state'].clone()  # the function writes into it
    output = taken(mamba2.mamba2_selective_state_update)(
        state,
        inputs['x'],
        inputs['delta'],
        inputs['a'],
        inputs['b'],
        inputs['c'],
        D=inputs.get('skip'),
        z=inputs.get('z'),
        dt_bias=inputs.get('deltaBias'),
        dt_softplus=settings['deltaSoftplus'],
    )
    return {'output': output, 'state': state}


@backend.operator(
    'mamba2Scan',
    modes=['chunkwise'],
    domain=dict(settings=dict(deltaPer='head', skipPer='head'), inputs=dict(z='absent')),
    **declared,
)
def scan_of_heads(inputs, settings, mode):
    x, delta, b, c = (inputs[name].transpose(1, 2) for name in ('x', 'delta', 'b', 'c'))
    output, state = taken(mamba2.mamba2_chunk_scan)(
        x,
        delta,
        inputs['a'],
        b,
        c,
        settings['chunkSize'],
        D=inputs.get('skip'),
        dt_bias=inputs.get('deltaBias'),
        initial_states=inputs['state'],
        dt_softplus=settings['deltaSoftplus'],
        dt_limit=limits(settings),
        return_final_states=True,
    )
    return {'output': output.to(x.dtype).transpose(1, 2), 'state': state}


backend.run()
