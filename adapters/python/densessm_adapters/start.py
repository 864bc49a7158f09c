"""What the adapters share: their options, the device, and how Triton compiles."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from types import SimpleNamespace
from typing import Any, Mapping, Sequence

SHORT_TYPES = ('F32', 'BF16', 'F16')


def options(module: str, package: str, **extra: str) -> SimpleNamespace:
    """Reads the options of `python3 -m densessm_adapters.MODULE`. Call it before the package is imported."""
    parser = argparse.ArgumentParser(f'python3 -m densessm_adapters.{module}', allow_abbrev=False)
    parser.add_argument('--naive', action='store_true', help=f'the reference functions of {package}, no kernels')
    parser.add_argument('--tf32', action='store_true', help='products of float32 in TF32, and declared so')
    parser.add_argument('--untuned', action='store_true', help='autotuners take their cheapest configuration')
    parser.add_argument(
        '--precision', nargs='+', help='profiles that are declared (docs/protocol.md#precision-and-forms)'
    )
    parser.add_argument('--axes', nargs='+', default=[], help='lengths of heads and their axes: d=64 e=64,128')
    for name, text in extra.items():
        parser.add_argument(f'--{name}', action='store_true', help=text)
    once = 3 if sys.argv[-1] == '--densessm-once' else 0
    chosen = parser.parse_args(sys.argv[1 : len(sys.argv) - once])
    chosen.axes = {name: [int(x) for x in lengths.split(',')] for name, lengths in (x.split('=') for x in chosen.axes)}
    os.environ['TRITON_F32_DEFAULT'] = 'tf32' if chosen.tf32 else 'ieee'  # Triton's own default is TF32
    chosen.precision = chosen.precision or (['tf32'] if chosen.tf32 else None)
    chosen.device = device(chosen.naive)
    chosen.compiles = not chosen.naive and chosen.device == 'cuda'
    if chosen.untuned or not chosen.compiles:
        with contextlib.suppress(ImportError):
            untune()
    return chosen


def offered(
    chosen: SimpleNamespace, dtypes: Sequence[str] = SHORT_TYPES, precision: Sequence[str] = ()
) -> dict[str, Any]:
    """The types of an operator, and the declared profiles of these types: those of the options, else `precision`."""
    profiles = chosen.precision or precision
    types = [(one, next(x for x in ('BF16', 'F16', 'F32', 'F64') if x in one.upper())) for one in profiles]
    return dict(dtypes=dtypes, precision=[one for one, dtype in types if dtype in dtypes] or None)


def device(is_naive: bool) -> str:
    """'cuda', or 'cpu' where reference functions or Triton's interpreter can run."""
    import torch

    if torch.cuda.is_available():
        return 'cuda'
    if os.environ.get('TRITON_INTERPRET') == '1':
        torch.cuda.device = lambda _: contextlib.nullcontext()  # kernels name the device of their tensors
    elif not is_naive:
        sys.exit('there is no GPU: add --naive, or set TRITON_INTERPRET=1')
    return 'cpu'


def untune() -> None:
    """Leaves autotuners one configuration, that with the smallest blocks: timing all takes minutes a shape."""
    from triton.runtime.autotuner import Autotuner

    def cost(config: Any) -> tuple[int, int]:
        blocks = [size for name, size in config.kwargs.items() if name.startswith('B') and isinstance(size, int)]
        return math.prod(blocks) * (config.num_stages or 1), abs(config.num_warps - 4)

    tuned = Autotuner.__init__

    def init(self: Any, fn: Any, arg_names: Any, configs: Sequence[Any], *rest: Any, **named: Any) -> None:
        tuned(self, fn, arg_names, [min(configs, key=cost)] if configs else configs, *rest, **named)

    Autotuner.__init__ = init


def activation(settings: Mapping[str, Any]) -> str | None:
    return None if settings['activation'] == 'none' else settings['activation']


def limits(settings: Mapping[str, Any]) -> tuple[float, float]:
    return (0.0, math.inf) if settings['deltaLimit'] == 'none' else tuple(settings['deltaLimit'])


def sequences(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Where the sequences of a packed batch begin and end, by name."""
    return dict(cu_seqlens=inputs['cuSeqlens'].long()) if 'cuSeqlens' in inputs else {}


def swapped(inputs: Mapping[str, Any], *names: str) -> list[Any]:
    """Inputs with heads before time, [b, h, t, …], as views [b, t, h, …]."""
    return [inputs[name].transpose(1, 2) for name in names]


def results(output: Any, state: Any) -> dict[str, Any]:
    """The outputs of a kernel whose output is [b, t, h, …]."""
    return {'output': output.transpose(1, 2), 'state': state}
