"""causal-conv1d: npx densessm check --backend "python3 -m densessm_adapters.causal_conv1d"

Its kernels put channels before time, and keep a state of k − 1 inputs: the oldest of our window is none of theirs.
"""

import torch
from densessm_backend import Backend

from .start import activation, offered, options

chosen = options('causal_conv1d', 'causal-conv1d')

import causal_conv1d as package  # noqa: E402
from causal_conv1d.causal_conv1d_interface import (  # noqa: E402
    causal_conv1d_fn,
    causal_conv1d_ref,
    causal_conv1d_update,
    causal_conv1d_update_ref,
)

backend = Backend(f'causal-conv1d {package.__version__}', device=chosen.device)
convolve, step = causal_conv1d_fn, causal_conv1d_update
if chosen.naive:
    convolve, step = causal_conv1d_ref, causal_conv1d_update_ref


@backend.operator(
    'depthwiseConvolution',
    modes=['parallel'],
    **offered(chosen),
    domain=dict(axes=dict(k=[2, 3, 4], e=dict(multipleOf=8))),
)
def depthwise_convolution(inputs, settings, mode):
    x, window = (inputs[name].contiguous() for name in ('x', 'window'))  # then their transposes put channels last
    output, state = convolve(
        x.transpose(1, 2),
        inputs['weight'],
        inputs.get('bias'),
        initial_states=window[:, 1:].transpose(1, 2),
        return_final_states=True,
        activation=activation(settings),
    )
    oldest = torch.cat([window, x], 1)[:, x.shape[1] :][:, :1]
    return {'output': output.transpose(1, 2), 'window': torch.cat([oldest, state.transpose(1, 2)], 1)}


@backend.operator(
    'convolutionStep',
    modes=['recurrent'],
    gradients=False,
    **offered(chosen),
    domain=dict(axes=dict(k=[2, 3, 4])),
)
def convolution_step(inputs, settings, mode):
    window = inputs['window'].transpose(1, 2).contiguous().clone()  # the function writes into it
    output = step(
        inputs['x'].transpose(1, 2),
        window,
        inputs['weight'],
        inputs.get('bias'),
        activation=activation(settings),
        cache_seqlens=inputs.get('position'),
    )
    return {'output': output.transpose(1, 2), 'window': window.transpose(1, 2)}


backend.run()
