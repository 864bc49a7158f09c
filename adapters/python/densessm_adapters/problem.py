"""A kernel for a problem that `densessm problem` has written, in the form of KernelBench or flashinfer-bench:

    npx densessm check --backend "python3 -m densessm_adapters.problem FOLDER KERNEL.py"

KERNEL.py has the class ModelNew (KernelBench) or the function run (flashinfer-bench, whose solutions in JSON will do too).
It is asked inside the problem's sizes and settings. `--vary b,t` frees the lengths of these axes, `--vary all` of all
but those with one entry each in a list of the settings, such as the heads of `decay`;
`--finite gate` asks for no −∞ in these inputs, which the benchmark never draws; `--gradients` asks for gradients by
autograd; `--mode scan` judges another mode than the problem's; `--device cuda` moves tensors there.

densessm_adapters.closeness compares with the problem's reference as the benchmark does.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from typing import Any, Callable, Sequence

import torch

from .kernel_files import entry, module_of, solution, stop, text_of

TYPES = dict(F32=torch.float32, BF16=torch.bfloat16, F16=torch.float16)


def lengths_of(problem: dict[str, Any], tensors: Sequence[torch.Tensor]) -> dict[str, int]:
    """The lengths of the letters in these inputs."""
    return {
        x: n
        for one, y in zip(problem['inputs'], tensors)
        for x, n in zip(one['axes'], y.shape)
        if len(x.strip("'")) == 1
    }


def shape_of(axes: Sequence[str], lengths: dict[str, int]) -> list[int]:
    def number(letter: str) -> int:
        return int(letter) if letter.isdigit() else lengths[letter]

    return [math.prod(map(number, x.split('*'))) if '*' in x else sum(map(number, x.split('+'))) for x in axes]


def kernel_of(problem: dict[str, Any], folder: str, path: str, device: str) -> Callable[..., list[torch.Tensor]]:
    """A function from the problem's inputs to its outputs, each a list of tensors in the problem's order."""

    def shapes(tensors: Sequence[torch.Tensor]) -> list[list[int]]:
        lengths = lengths_of(problem, tensors)
        return [shape_of(one['axes'], lengths) for one in problem['outputs']]

    def split(y: Any, wanted: list[list[int]]) -> list[torch.Tensor]:
        if not isinstance(y, torch.Tensor):
            raise TypeError(f'ModelNew returns a {type(y).__name__}, not one tensor')
        if len(wanted) == 1:
            return [y]
        sizes = [math.prod(shape) for shape in wanted]
        if list(y.shape) != [sum(sizes)]:
            raise ValueError(
                f'ModelNew returns shape {list(y.shape)}, not [{sum(sizes)}]: its outputs flattened and joined'
            )
        return [part.reshape(shape) for part, shape in zip(y.split(sizes), wanted)]

    if problem['as'] == 'kernelbench':
        known = module_of(os.path.join(folder, 'problem.py'), 'densessm_problem')
        model = entry(module_of(path, 'densessm_kernel', vars(known)), 'ModelNew')(*known.get_init_inputs())
        model = model.to(device=device, dtype=TYPES[problem['dtype']])
        return lambda tensors: split(model(*tensors), shapes(tensors))
    function, writes = solution(path)

    def run(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        if writes:
            kind = TYPES[problem['dtype']]
            out = [torch.empty(shape, dtype=kind, device=tensors[0].device) for shape in shapes(tensors)]
            function(*tensors, *out)
            return out
        y = function(*tensors)
        found = list(y) if isinstance(y, (tuple, list)) else [y]
        if len(found) != len(problem['outputs']):
            raise ValueError(f'run returns {len(found)} outputs, not {len(problem["outputs"])}')
        return found

    return run


def backend_of(problem: dict[str, Any], kernel: Callable[..., Any], given: argparse.Namespace) -> Any:
    from densessm_backend import Backend, Unsupported  # it takes the standard output

    operator, axes, held = problem['operator'], problem['domain']['axes'], problem['held']
    free = [letter for letter in axes if letter not in held]
    vary = free if given.vary == 'all' else given.vary.split(',') if given.vary else []
    for letter in vary:
        if letter not in axes:
            stop(f'--vary {letter}: the axes of {operator} are {", ".join(axes)}')
        if letter in held:
            stop(
                f'--vary {letter}: the setting {held[letter]} of this problem has {axes[letter]} entries, one for each {letter}; '
                f'--vary all frees {", ".join(free)}, and densessm problem {operator} --axes {letter}=… writes another'
            )
    fixed = {letter: n for letter, n in axes.items() if letter not in vary}
    names = [one['name'] for one in problem['inputs']]
    finite = given.finite.split(',') if given.finite else []
    for name in finite:
        if name not in names:
            stop(f'--finite {name}: the inputs of {operator} are {", ".join(names)}')
    # Triton compiles for new shapes
    backend = Backend(os.path.basename(given.kernel), device=given.device, compiles=given.device != 'cpu')

    def answer(inputs, settings, mode):
        if set(names) != set(inputs):
            raise Unsupported(f'the problem has the inputs {", ".join(names)}')
        tensors = [inputs[name] for name in names]
        if problem['as'] == 'kernelbench':  # which casts all inputs
            tensors = [x.to(TYPES[problem['dtype']]) for x in tensors]
        with torch.set_grad_enabled(given.gradients):
            found = kernel(tensors)
        return {one['name']: y for one, y in zip(problem['outputs'], found)}

    offer = backend.operator(
        operator,
        modes=[given.mode or problem['mode']],
        dtypes=[problem['dtype']],
        gradients=given.gradients,
        domain=dict(problem['domain'], axes=fixed, inputs=problem['domain']['inputs'] | dict.fromkeys(finite, 'finite')),
    )
    offer(answer)
    return backend


def problem_in(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, 'problem.json')
    try:
        problem = json.loads(text_of(path))
        if problem['as'] not in ('kernelbench', 'flashinfer'):
            raise ValueError(problem['as'])
        return problem
    except (ValueError, KeyError, TypeError) as error:
        return stop(f'{path}: is no problem of densessm ({error!r}); densessm problem writes one')


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog='densessm_adapters.problem', description=__doc__, formatter_class=form)
    parser.add_argument('folder')
    parser.add_argument('kernel')
    parser.add_argument('--vary', default='', metavar='LETTERS')
    parser.add_argument('--finite', default='', metavar='INPUTS')
    parser.add_argument('--mode')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--gradients', action='store_true')
    given, rest = parser.parse_known_args()
    if rest and rest[-1] != '--densessm-once':
        stop(f'{rest[0]} is not known; --help lists the options')
    import densessm_backend  # noqa: F401  it takes the standard output before the kernel can print there

    problem = problem_in(given.folder)
    backend_of(problem, kernel_of(problem, given.folder, given.kernel, given.device), given).run()


if __name__ == '__main__':
    main()
