"""The files of a kernel: KernelBench's ModelNew, flashinfer-bench's run or a solution of its in JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import types
from typing import Any, Callable


def stop(text: str) -> Any:
    print(f'densessm_adapters: {text}', file=sys.stderr)
    sys.exit(2)


def text_of(path: str) -> str:
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        return stop(f'{path}: cannot be read ({error}); check the path')


def module_of(path: str, name: str, known: dict[str, Any] | None = None) -> types.ModuleType:
    """Runs a file of Python, in which the names of `known` are known, as KernelBench knows those of the problem."""
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    vars(module).update({x: y for x, y in (known or {}).items() if not x.startswith('__')})
    exec(compile(text_of(path), path, 'exec'), vars(module))
    return module


def entry(module: types.ModuleType, name: str) -> Any:
    found = vars(module).get(name)
    return found if callable(found) else stop(f'{module.__file__}: has no {name}')


def solution(path: str) -> tuple[Callable[..., Any], bool]:
    """The function of a solution of flashinfer-bench, JSON or Python, and whether it writes into given outputs."""
    if not path.endswith('.json'):
        return entry(module_of(path, 'densessm_kernel'), 'run'), False
    try:
        found = json.loads(text_of(path))
        spec, sources = found['spec'], {one['path']: one['content'] for one in found['sources']}
        file, _, function = spec['entry_point'].partition('::')
        language, writes = spec['language'], spec.get('destination_passing_style', True)
    except (ValueError, KeyError, TypeError) as error:
        return stop(f'{path}: is no solution of flashinfer-bench ({error!r})')
    if language not in ('python', 'triton'):
        stop(
            f'{path}: is in {language}; give a file of Python whose run calls the built kernel'
        )
    folder = tempfile.mkdtemp(prefix='densessm-solution-')
    for name, content in sources.items():
        target = os.path.normpath(os.path.join(folder, name))
        if not target.startswith(folder + os.sep):
            stop(f'{path}: the source {name!r} is outside its folder')
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, 'w', encoding='utf-8') as out:
            out.write(content)
    if file not in sources:
        stop(f'{path}: has no source {file!r}, its entry point')
    return entry(module_of(os.path.join(folder, file), 'densessm_kernel'), function), bool(writes)
