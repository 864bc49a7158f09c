"""Compares a kernel with the reference of a problem of `densessm problem` as the benchmark does, by its tolerance:

    python3 -m densessm_adapters.closeness FOLDER KERNEL.py

It needs no densessm, and ends with 0 if the benchmark of November 2026 would take the answers, with 1 if not. KernelBench
compares by torch.allclose, at 1e-4 for float32, formerly 1e-2, and at 1e-2 in 16 bits; flashinfer-bench refuses numbers whose
absolute and relative errors are both above 1e-2. The benchmarks need a GPU; here it is an option, `--device cuda`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import types
from typing import Any, Callable

import torch

from densessm_adapters.kernel_files import module_of, stop, text_of
from densessm_adapters.problem import TYPES, kernel_of, problem_in

TRIALS = 5  # of random inputs of KernelBench


def trials(problem: dict[str, Any], folder: str, device: str) -> Any:
    """Yields inputs of the problem with the reference's outputs."""
    kind = TYPES[problem['dtype']]
    if problem['as'] == 'kernelbench':
        known = module_of(os.path.join(folder, 'problem.py'), 'densessm_problem')
        model = known.Model(*known.get_init_inputs()).to(device=device)
        for seed in range(TRIALS):
            torch.manual_seed(seed)
            inputs = [x.to(device=device, dtype=kind) for x in known.get_inputs()]
            yield inputs, [model(*inputs)]
        return
    definition, workloads = (file_in(folder, part) for part in ('definitions', 'workloads'))
    spec, module = json.loads(text_of(definition)), types.ModuleType('densessm_reference')
    exec(spec['reference'], vars(module))
    for seed, line in enumerate(text_of(workloads).splitlines()):
        torch.manual_seed(seed)
        inputs = []
        for one in problem['inputs']:
            how = json.loads(line)['workload']['inputs'][one['argument']]
            if how['type'] == 'safetensors':
                from safetensors.torch import load_file  # flashinfer-bench needs it too

                inputs.append(load_file(os.path.join(folder, how['path']))[how['tensor_key']].to(device))
            else:
                inputs.append(torch.randn(one['shape'], dtype=kind, device=device))
        y = module.run(*inputs)
        yield inputs, list(y) if isinstance(y, tuple) else [y]


def file_in(folder: str, part: str) -> str:
    """The one file below a part of a dataset."""
    files = [os.path.join(at, name) for at, _, names in os.walk(os.path.join(folder, part)) for name in names]
    return files[0] if len(files) == 1 else stop(f'{folder}: has {len(files)} files in {part}, not one')


def closeness(problem: dict[str, Any], kernel: Callable[..., Any], given: argparse.Namespace) -> int:
    """Prints what each tolerance of the benchmark says. Returns the exit status: whether today's tolerance is met."""
    today = 1e-2 if problem['as'] == 'flashinfer' or problem['dtype'] != 'F32' else 1e-4
    passed, count = {x: 0 for x in sorted({today, 1e-2})}, 0
    for inputs, right in trials(problem, given.folder, given.device):
        count += 1
        with torch.no_grad():
            have = kernel([x.clone() for x in inputs])
        if problem['as'] == 'kernelbench':
            have = [torch.cat([y.flatten() for y in have])] if len(have) > 1 else have
        for tolerance in passed:
            passed[tolerance] += all(is_close(problem, x, y, tolerance) for x, y in zip(have, right))
    for tolerance, n in passed.items():
        now = ' (its tolerance today)' if tolerance == today else ''
        print(f'{problem["as"]} at {tolerance:g}{now}: {n} of {count} trials equal')
    return 0 if passed[today] == count else 1


def is_close(problem: dict[str, Any], x: torch.Tensor, y: torch.Tensor, tolerance: float) -> bool:
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if problem['as'] == 'kernelbench':
        return torch.allclose(y, x, atol=tolerance, rtol=tolerance)
    error, size = (x.float() - y.float()).abs(), y.float().abs() + 1e-8
    return bool(torch.isfinite(x).all()) and not bool(((error > tolerance) & (error / size > tolerance)).any())


def main() -> int:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog='densessm_adapters.closeness', description=__doc__, formatter_class=form)
    parser.add_argument('folder')
    parser.add_argument('kernel')
    parser.add_argument('--device', default='cpu')
    given = parser.parse_args()
    problem = problem_in(given.folder)
    return closeness(problem, kernel_of(problem, given.folder, given.kernel, given.device), given)


if __name__ == '__main__':
    sys.exit(main())
