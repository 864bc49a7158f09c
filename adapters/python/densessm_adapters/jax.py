"""Your functions in JAX: npx densessm check --backend "python3 -m densessm_adapters.jax"

Asks a linear scan in plain JAX. For yours, put such functions into a file of your own:

    from densessm_adapters.jax import backend, offer

    @offer('linearScan', modes=['recurrent'], inputs=['a', 'b', 'state'], outputs=['output', 'state'])
    def linear_scan(a, b, state, settings, mode):
        …  # jax arrays in, a tuple of jax arrays out

    backend.run()

JAX compiles each function for every shape and setting, and differentiates it. Or pass `backward`, a function of
(arrays, cotangents, settings, mode), as for `Backend.operator`. Inputs that a question leaves out are None.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any, Callable, Sequence

os.environ.setdefault('XLA_PYTHON_CLIENT_PREALLOCATE', 'false')

import jax
import numpy as np
from densessm_backend import Backend

jax.config.update('jax_enable_x64', True)
jax.config.update('jax_default_matmul_precision', 'highest')
backend = Backend(f'JAX {jax.__version__}', library='numpy', compiles=True)


def offer(
    name: str, modes: Sequence[str], inputs: Sequence[str], outputs: Sequence[str], dtypes=('F32', 'F64'), **rest: Any
) -> Callable[..., Any]:
    """Registers a JAX function of the named inputs, settings and mode. It returns a tuple of the named outputs."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        @lru_cache(None)
        def compiled(settings: str, mode: str) -> tuple[Any, Any]:
            def run(given):
                return tuple(function(*(given.get(x) for x in inputs), json.loads(settings), mode))

            return jax.jit(run), jax.jit(lambda given, cotangents: jax.vjp(run, given)[1](cotangents)[0])

        def key(settings, mode):
            return json.dumps(settings, sort_keys=True), mode

        def answer(given, settings, mode):
            return {x: np.array(y) for x, y in zip(outputs, compiled(*key(settings, mode))[0](given))}

        def backward(given, cotangents, settings, mode):
            gradients = compiled(*key(settings, mode))[1](given, tuple(cotangents[x] for x in outputs))
            return {x: np.array(y) for x, y in gradients.items()}

        rest.setdefault('gradients', backward)
        backend.operator(name, modes, dtypes=dtypes, **rest)(answer)
        return function

    return register


@offer('linearScan', modes=['recurrent', 'logStep'], inputs=['a', 'b', 'state'], outputs=['output', 'state'])
def linear_scan(a, b, state, settings, mode):
    def joined(left, right):
        return left[0] * right[0], right[0] * left[1] + right[1]

    def step(h, now):
        h = now[0] * h + now[1]
        return h, h

    if mode == 'recurrent':
        last, rows = jax.lax.scan(step, state, (a.swapaxes(0, 1), b.swapaxes(0, 1)))
        return rows.swapaxes(0, 1), last
    decays, sums = jax.lax.associative_scan(joined, (a, b), axis=1)
    rows = decays * state[:, None] + sums
    return rows, rows[:, -1]


if __name__ == '__main__':
    backend.run()
