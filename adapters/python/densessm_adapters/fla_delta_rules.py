"""The delta rules of flash-linear-attention, which `fla.py` offers."""

from fla.ops import delta_rule, gated_delta_rule, generalized_delta_rule, kda
from fla.ops.gated_delta_rule.naive import naive_chunk_gated_delta_rule, naive_recurrent_gated_delta_rule
from fla.ops.kda.naive import naive_recurrent_kda

from .start import SHORT_TYPES, results, sequences, swapped


def gates(inputs, settings):
    """Where gates come from, by name."""
    if settings['gate'] == 'log_decay':
        return {}
    bias = inputs.get('gateBias')
    given = dict(A_log=inputs['aLog'].float(), dt_bias=None if bias is None else bias.float().reshape(-1))
    bound = dict(safe_gate=True, lower_bound=settings['lowerBound']) if settings['gate'] == 'raw_lower_bound' else {}
    return dict(given, use_gate_in_kernel=True, **bound)


def shared(inputs, settings):
    """What all delta rules take, by name."""
    return dict(
        scale=settings['scale'], initial_state=inputs['state'].float(), output_final_state=True, **sequences(inputs)
    )


def normed(settings):
    return dict(use_qk_l2norm_in_kernel=settings['l2norm'] == 'sum')


def add_delta_rules(offer, chosen, widths):
    """Registers the delta rules by `offer` of fla.py, with the options `chosen`, and `widths` for d and e."""
    norms = dict(l2norm=['none', 'sum'], epsilon=1e-6)  # in kernels, ε stands inside the root
    delta_modes = ['recurrent'] if chosen.recurrent else ['chunkwise']

    @offer(
        'deltaRule',
        delta_modes,
        dict(axes=widths, settings=dict(norms, beta='head')),
        dtypes=SHORT_TYPES if chosen.recurrent else ['BF16', 'F16'],  # the kernels in chunks refuse float32
        packed=True,
    )
    def delta(inputs, settings, mode):
        rule = delta_rule.chunk_delta_rule if mode == 'chunkwise' else delta_rule.fused_recurrent_delta_rule
        return results(*rule(*swapped(inputs, 'q', 'k', 'v', 'beta'), **shared(inputs, settings), **normed(settings)))

    gated_rule = dict(packed=True, gradients=not chosen.recurrent)
    # in chunks, they invert triangular blocks of float32 in TF32, whatever TRITON_F32_DEFAULT says
    inverting = dict(gated_rule, precision=() if chosen.recurrent else ('tf32',))
    ungated = dict(l2norm='none', gate='log_decay')  # what the reference functions have
    delta_domain = dict(axes=widths, inputs=dict(gate='finite'), settings=ungated if chosen.naive else norms)

    @offer(
        'gatedDeltaRule',
        delta_modes,
        dict(delta_domain, axes=dict(widths, h='g')) if chosen.naive else delta_domain,
        naive=['chunkwise', 'recurrent'],
        **inverting,
    )
    def gated_delta(inputs, settings, mode):
        q, k, v, beta, g = swapped(inputs, 'q', 'k', 'v', 'beta', 'gate')
        rules = gated_delta_rule.chunk_gated_delta_rule, gated_delta_rule.fused_recurrent_gated_delta_rule
        if chosen.naive:
            rules = naive_chunk_gated_delta_rule, naive_recurrent_gated_delta_rule
        rule, given = rules[mode == 'recurrent'], shared(inputs, settings)
        if not chosen.naive:
            given.update(normed(settings), **gates(inputs, settings))
        return results(*rule(q, k, v, g=g, beta=beta, **given))

    @offer('kda', delta_modes, delta_domain, naive=['recurrent'], **inverting)
    def kimi_delta(inputs, settings, mode):
        rule = (
            naive_recurrent_kda if chosen.naive else kda.chunk_kda if mode == 'chunkwise' else kda.fused_recurrent_kda
        )
        given = shared(inputs, settings)
        if not chosen.naive:
            given.update(normed(settings), **gates(inputs, settings))
        if mode == 'recurrent':
            given.pop('safe_gate', None)
        return results(*rule(*swapped(inputs, 'q', 'k', 'v', 'gate', 'beta'), **given))

    @offer('rwkv7', delta_modes, dict(axes=widths, inputs=dict(gate='finite')), **gated_rule)
    def diagonal_plus_low_rank(inputs, settings, mode):
        rule = generalized_delta_rule.chunk_dplr_delta_rule
        if mode == 'recurrent':
            rule = generalized_delta_rule.fused_recurrent_dplr_delta_rule
        return results(*rule(*swapped(inputs, 'q', 'k', 'v', 'a', 'b', 'gate'), **shared(inputs, settings)))
