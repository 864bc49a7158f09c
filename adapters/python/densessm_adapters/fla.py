"""flash-linear-attention: npx densessm check --backend "python3 -m densessm_adapters.fla"

Its kernels put time before heads, take logarithms of decays as gates, none of them −∞, and have chunks of their own.
"""

import math

import torch
from densessm_backend import Backend

from .start import SHORT_TYPES, activation, offered, options, results, sequences, swapped

chosen = options(
    'fla',
    'fla',
    fused='chunkwise mode by the fused kernels, where there are some',
    recurrent='recurrent mode of delta rules; with gates, its kernels have no backward',
)

import fla  # noqa: E402  after the environment is set
from fla.modules.layernorm import rms_norm, rms_norm_ref  # noqa: E402
from fla.ops import attn, gla, linear_attn, simple_gla  # noqa: E402
from fla.ops.attn.naive import naive_parallel_attn  # noqa: E402
from fla.ops.gla.naive import naive_recurrent_gla  # noqa: E402
from fla.ops.linear_attn.naive import naive_recurrent_linear_attn  # noqa: E402
from fla.ops.simple_gla.naive import naive_chunk_simple_gla, naive_recurrent_simple_gla  # noqa: E402

from .fla_delta_rules import add_delta_rules  # noqa: E402

backend = Backend(f'fla {fla.__version__}', device=chosen.device, compiles=chosen.compiles)
widths = {'d': dict(atMost=256), 'e': dict(atMost=256), **chosen.axes}
scales = dict(scale=dict(above=0))
scaled = dict(axes=widths, settings=scales)


def stateful(settings):
    return dict(scale=settings['scale'], output_final_state=True)


def offer(name, modes, domain=None, naive=None, dtypes=SHORT_TYPES, precision=(), **rest):
    """Registers an operator in its modes, or, of the reference functions, in the modes `naive`; in none, nothing."""
    modes = naive or [] if chosen.naive else modes
    if not modes:
        return lambda function: function
    declared = offered(chosen, dtypes, () if chosen.naive else precision)
    return backend.operator(name, modes, domain=domain, **declared, **({} if chosen.naive else rest))


def linear(mode):
    if chosen.naive:
        return naive_recurrent_linear_attn
    if mode == 'recurrent':
        return linear_attn.fused_recurrent_linear_attn
    return linear_attn.fused_chunk_linear_attn if chosen.fused else linear_attn.chunk_linear_attn


def simple(mode):
    if chosen.naive:
        return naive_recurrent_simple_gla if mode == 'recurrent' else naive_chunk_simple_gla
    if mode == 'recurrent':
        return simple_gla.fused_recurrent_simple_gla
    return simple_gla.fused_chunk_simple_gla if chosen.fused else simple_gla.chunk_simple_gla


@offer('linearAttention', ['chunkwise', 'recurrent'], scaled, naive=['recurrent'], packed=True)
def linear_attention(inputs, settings, mode):
    q, k, v = swapped(inputs, 'q', 'k', 'v')
    return results(
        *linear(mode)(
            q, k, v, initial_state=inputs['state'], normalize=False, **stateful(settings), **sequences(inputs)
        )
    )


@offer('normalisedLinearAttention', ['chunkwise', 'recurrent'], scaled, naive=['recurrent'], packed=True)
def normalised_linear_attention(inputs, settings, mode):
    q, k, v = swapped(inputs, 'q', 'k', 'v')
    start = inputs['state'], inputs['keySum'][:, None]
    output, (state, key_sum) = linear(mode)(
        q, k, v, initial_state=start, normalize=True, **stateful(settings), **sequences(inputs)
    )
    return {**results(output, state), 'keySum': key_sum[:, 0]}


gated = dict(scaled, inputs=dict(gate='finite'))


@offer('simpleGla', ['chunkwise', 'recurrent'], gated, naive=['chunkwise', 'recurrent'], packed=True)
def simple_gated(inputs, settings, mode):
    q, k, v, g = swapped(inputs, 'q', 'k', 'v', 'gate')
    return results(*simple(mode)(q, k, v, g, initial_state=inputs['state'], **stateful(settings), **sequences(inputs)))


# the kernels in chunks multiply blocks of at least 16 channels
blocked = dict(gated, axes={'d': dict(atLeast=16, atMost=256), 'e': dict(atLeast=16, atMost=256), **chosen.axes})


@offer('gla', ['chunkwise', 'recurrent'], gated if chosen.naive else blocked, naive=['recurrent'], packed=True)
def channel_gated(inputs, settings, mode):
    q, k, v, g = swapped(inputs, 'q', 'k', 'v', 'gate')
    given = dict(initial_state=inputs['state'].float(), output_final_state=True, **sequences(inputs))
    if chosen.naive:  # it has a scale of its own
        return results(*naive_recurrent_gla(q * (settings['scale'] * q.shape[-1] ** 0.5), k, v, g, **given))
    given['scale'] = settings['scale']
    if mode == 'recurrent':
        return results(*gla.fused_recurrent_gla(q, k, v, gk=g, **given))
    return results(*gla.chunk_gla(q, k, v, g, **given))


add_delta_rules(offer, chosen, widths)


@offer(
    'retention',
    ['chunkwise', 'recurrent'],
    dict(axes=widths, settings=dict(scales, decay=dict(above=0, atMost=1))),
    packed=True,
)
def retention(inputs, settings, mode):
    """fla's own retention fixes its decays; here are the same kernels with decays that are given."""
    q, k, v = swapped(inputs, 'q', 'k', 'v')
    logarithms = torch.tensor([math.log(decay) for decay in settings['decay']], dtype=torch.float32, device=q.device)
    given = dict(initial_state=inputs['state'], **stateful(settings), **sequences(inputs))
    return results(*simple(mode)(q, k, v, g_gamma=logarithms, **given))


@offer(
    'attention',
    ['parallel'],
    dict(axes=dict(widths, s=0, **({'e': 'd'} if chosen.naive else {})), settings=scales),
    naive=['parallel'],
    packed=True,
)
def attention(inputs, settings, mode):
    q, k, v = swapped(inputs, 'q', 'k', 'v')
    scale = settings['scale'] * (1.0 if settings['scoreScaling'] == 'none' else q.shape[-1] ** -0.5)
    if chosen.naive:
        output = naive_parallel_attn(q, k, v, scale)[0]
    else:
        output = attn.parallel_attn(q, k, v, scale=scale, **sequences(inputs))
    output = torch.einsum('bthe,hoe->bhto', output, inputs['param.output'])
    caches = {} if 'cuSeqlens' in inputs else {'keys': inputs['k'].clone(), 'values': inputs['v'].clone()}
    return {'output': output, **caches}


@offer('rmsNorm', ['whole'], naive=['whole'])
def root_mean_square(inputs, settings, mode):
    norm = rms_norm_ref if chosen.naive else rms_norm
    return {'output': norm(inputs['x'], inputs['weight'], None, eps=settings['epsilon'])}


@offer('depthwiseConvolution', ['parallel'], packed=True)
def depthwise_convolution(inputs, settings, mode):
    from fla.modules.conv.causal_conv1d import causal_conv1d

    window = inputs['window'].transpose(1, 2).contiguous()
    output, window = causal_conv1d(
        inputs['x'],
        inputs['weight'],
        inputs.get('bias'),
        initial_state=window,
        output_final_state=True,
        activation=activation(settings),
        **sequences(inputs),
    )
    return {'output': output, 'window': window.transpose(1, 2)}


# one token, and a cache as wide as the kernel, which the function writes
@offer('convolutionStep', ['recurrent'], dict(axes=dict(t=1, s='k'), inputs=dict(position='absent')), gradients=False)
def convolution_step(inputs, settings, mode):
    from fla.modules.conv.triton.ops import causal_conv1d_update

    window = inputs['window'].transpose(1, 2).contiguous().clone()
    output, window = causal_conv1d_update(
        inputs['x'], window, weight=inputs['weight'], bias=inputs.get('bias'), activation=activation(settings)
    )
    return {'output': output, 'window': window.transpose(1, 2)}


backend.run()
