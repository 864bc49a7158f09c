"""Reads folders of vectors that `densessm vectors write` has written, and compares answers with them. It needs numpy alone.

    python3 densessm_vectors.py FOLDER                               verify the files, and list what is in them
    python3 densessm_vectors.py FOLDER --kernel FILE.py:FUNCTION     compare the answers of a function
    python3 densessm_vectors.py FOLDER --answers ANSWERS             compare the files ANSWERS/NAME.safetensors

FUNCTION gets a Case and returns a dict of arrays: 'out/NAME' for each output and 'grad/NAME' for each gradient of
sum(output * cotangent). Every number must be within its bound, and every tensor must be there, of the right shape and type.
It ends with 0 if all is right, with 1 if something is wrong or cannot be compared, with 2 if it could not start.
"""

import argparse
import hashlib
import json
import os
import sys
import traceback
from importlib import machinery, util

import numpy as np

TYPES = {'F64': '<f8', 'F32': '<f4', 'BF16': '<u2', 'F16': '<f2', 'I64': '<i8', 'I32': '<i4', 'U8': 'u1', 'BOOL': '?'}
FIELDS = {'file': str, 'bytes': int, 'sha256': str, 'operator': str, 'mode': str, 'type': str, 'settings': dict}
FIELDS.update({'seed': int, 'path': str, 'catches': list, 'tensors': list, 'profiles': list, 'equations': list})


class VectorsError(Exception):
    """Something that could not be read, in one sentence."""


class Tensor:
    """Numbers, and the type in which they were stored. BF16 is held as float32."""

    def __init__(self, type, data):
        self.type, self.data = type, data


class Case:
    """A case: `inputs`, `cotangents` and `settings`, with `operator`, `mode` and `type`.

    `right` and `bound` have the right numbers and their bounds by the names of answers, `expected` their types and periods.
    """

    def __init__(self, entry, tensors):
        self.entry = entry
        self.file, self.operator, self.mode, self.type = (entry[k] for k in ('file', 'operator', 'mode', 'type'))
        self.settings = entry['settings']
        self.expected = {one['name']: one for one in entry['tensors']}

        def part(kind):
            return {k[len(kind) :]: x.data for k, x in tensors.items() if k.startswith(kind)}

        self.inputs, self.cotangents = part('in/'), part('cotangent/')
        self.right, self.bound = part('right/'), part('bound/')


def parse(raw, path):
    """Returns the tensors and texts of a safetensors file."""
    try:
        size = int.from_bytes(raw[:8], 'little')
        header = json.loads(raw[8 : 8 + size].decode())
        texts = header.pop('__metadata__', {})
        tensors = {}
        for name, one in header.items():
            begin, end = one['data_offsets']
            part = raw[8 + size + begin : 8 + size + end]
            array = np.frombuffer(part, TYPES[one['dtype']]).reshape(one['shape']).copy()  # kernels may write into it
            if len(part) != end - begin:
                raise ValueError('it is cut off')
            if one['dtype'] == 'BF16':
                array = (array.astype('<u4') << 16).view('<f4')
            tensors[name] = Tensor(one['dtype'], array)
        return tensors, texts
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise VectorsError(f'{path}: is no safetensors file that can be read ({error})') from None


def read(path):
    """Returns the bytes of a file."""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError as error:
        raise VectorsError(f'{path}: cannot be read ({error.strerror})') from None


def manifest(folder):
    """Returns the manifest of a folder, after a look at its fields."""
    path = os.path.join(folder, 'manifest.json')
    try:
        found = json.loads(read(path).decode())
        if found['schema'] != 'densessm/vectors-manifest' or found['version'] != 1:
            raise ValueError('schema or version is another')
        if not isinstance(found['cases'], list) or not found['cases']:
            raise ValueError('it lists no cases')
        for entry in found['cases']:
            for name, kind in FIELDS.items():
                if type(entry[name]) is not kind:
                    raise ValueError(f'{name} is no {kind.__name__}')
            if os.path.basename(entry['file']) != entry['file']:
                raise ValueError('a file is in another folder')
            for one in entry['tensors']:
                if type(one['name']) is not str or type(one['types']) is not list or type(one['shape']) is not list:
                    raise ValueError('a tensor lacks its name, types or shape')
        if len({entry['file'] for entry in found['cases']}) < len(found['cases']):
            raise ValueError('a file is listed twice')
        return found
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise VectorsError(f'{path}: is no manifest of vectors that can be read ({error})') from None


def load(folder, entry):
    """Reads a case. Raises VectorsError unless the file is the one that the manifest lists."""
    path = os.path.join(folder, entry['file'])
    raw = read(path)
    if len(raw) != entry['bytes'] or hashlib.sha256(raw).hexdigest() != entry['sha256']:
        raise VectorsError(f'{path}: is not the file that the manifest lists (its size or sha256 differs); get it again')
    tensors, texts = parse(raw, path)
    try:
        texts = {**texts, 'settings': json.loads(texts.get('settings', 'null'))}
    except ValueError:
        raise VectorsError(f'{path}: its settings are no JSON') from None
    case = Case(entry, tensors)
    for name in ('operator', 'mode', 'type', 'settings'):
        if texts.get(name) != entry[name]:
            raise VectorsError(f'{path}: the manifest says {name} {entry[name]!r}, the file {texts.get(name)!r}')
    if not set(case.right) == set(case.bound) == set(case.expected):
        raise VectorsError(f'{path}: the manifest lists other tensors than the file has right numbers and bounds for')
    for name, right in case.right.items():
        if not list(right.shape) == list(case.bound[name].shape) == case.expected[name]['shape']:
            raise VectorsError(f'{path}: {name} has other shapes in the file and in the manifest')
    return case


def entries(folder, **only):
    """Yields the listed cases whose fields have one of some values: `operator=['retention']`."""
    listed = manifest(folder)['cases']
    have = {name for name in os.listdir(folder) if name.endswith('.safetensors')}
    odd = have - {entry['file'] for entry in listed}
    if odd:
        raise VectorsError(f'{os.path.join(folder, min(odd))}: is not in the manifest; remove it, or get the folder again')
    wanted = {name: [values] if isinstance(values, str) else values for name, values in only.items() if values}
    chosen = [entry for entry in listed if all(entry[name] in values for name, values in wanted.items())]
    if not chosen:
        raise VectorsError(f'{folder}: has no case of {wanted}')
    yield from chosen


def cases(folder, **only):
    """Yields the cases of a folder, as `entries` does, each verified."""
    for entry in entries(folder, **only):
        yield load(folder, entry)


def answered(case, name, given):
    """Returns the type and the numbers of an answer, in double precision."""
    if isinstance(given, Tensor):
        return given.type, given.data.astype(np.float64)
    array = np.asarray(given)
    if array.dtype.name == 'bfloat16':
        return 'BF16', array.astype(np.float64)
    kind = {'float64': 'F64', 'float32': 'F32', 'float16': 'F16'}.get(array.dtype.name, array.dtype.name)
    if kind == 'F32' and case.type == 'BF16' and 'F32' not in case.expected[name]['types']:
        # numpy has no bfloat16: float32 stands for it, if its numbers are those of bfloat16
        if not np.any(np.ascontiguousarray(array).view(np.uint32) & 0xFFFF):
            kind = 'BF16'
    return kind, array.astype(np.float64)


def wrong_in(case, name, given):
    """Returns what is wrong in a tensor of an answer, or None."""
    right, bound, expected = case.right[name], case.bound[name].astype(np.float64), case.expected[name]
    try:
        kind, have = answered(case, name, given)
    except (TypeError, ValueError) as error:
        return f'{name} is no array of numbers ({error})'
    if kind not in expected['types']:
        return f'{name} has the type {kind}, not {" or ".join(expected["types"])}'
    if have.shape != right.shape:
        return f'{name} has shape {list(have.shape)}, not {list(right.shape)}'
    with np.errstate(all='ignore'):
        if expected.get('period'):  # numbers that differ by whole periods are the same
            moved = have - expected['period'] * np.round((have - right) / expected['period'])
            have = np.where(np.isfinite(have), moved, have)
        error = np.abs(have - right)
        fine = (have == right) | (np.isnan(have) & np.isnan(right)) | (error <= bound) | (bound == np.inf)
        if fine.all():
            return None
        times = np.where(fine, 0, np.where(np.isnan(error), np.inf, error / bound))
    at = tuple(int(i) for i in np.unravel_index(np.argmax(times), right.shape))
    count = int(fine.size - fine.sum())
    worst = f'{name}{list(at)} is {float(have[at])!r}, not {float(right[at])!r} within {float(bound[at]):.3g}'
    return f'{worst}; {count} of {fine.size} numbers of it are wrong'


def compare(case, answer, gradients=True):
    """Returns a sentence for each tensor that is wrong or cannot be compared; none if the answer is right."""
    if not isinstance(answer, dict):
        return [f'the answer is a {type(answer).__name__}, not a dict of arrays']
    asked = [name for name in case.expected if gradients or name.startswith('out/')]
    found = [f'{name} is missing' for name in asked if name not in answer]
    found += [f'{name} was not asked for' for name in answer if name not in case.expected]
    return found + [text for name in asked if name in answer and (text := wrong_in(case, name, answer[name]))]


def function_in(where):
    """Loads FILE.py:FUNCTION."""
    path, _, name = where.rpartition(':')
    if not path or not os.path.isfile(path):
        raise VectorsError(f'--kernel {where}: give FILE.py:FUNCTION, of a file that is there')
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    loader = machinery.SourceFileLoader('densessm_kernel', path)  # whatever the file's name ends in
    module = util.module_from_spec(util.spec_from_loader(loader.name, loader))
    try:
        loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a script that ends itself would pass with its own status
        text = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise VectorsError(f'--kernel {where}: the file cannot be loaded ({text})') from None
    function = getattr(module, name, None)
    if not callable(function):
        raise VectorsError(f'--kernel {where}: the file has no function {name}')
    return function


def answers_in(folder, listed):
    """Returns a function from a case to the answer in a folder. Raises VectorsError if the folder has answers to no case."""
    have = {name for name in os.listdir(folder) if name.endswith('.safetensors')} if os.path.isdir(folder) else set()
    odd = sorted(have - {entry['file'] for entry in listed})
    if odd or not have:
        raise VectorsError(f'{folder}: has {"the answer " + odd[0] + " to no case" if odd else "no answers"}')
    return lambda case: parse(read(os.path.join(folder, case.file)), os.path.join(folder, case.file))[0]


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder')
    parser.add_argument('--kernel', metavar='FILE.py:FUNCTION')
    parser.add_argument('--answers', metavar='FOLDER')
    for name in ('operator', 'mode', 'type'):
        parser.add_argument(f'--{name}', nargs='+', help=f'cases of this {name} only')
    parser.add_argument('--outputs-only', action='store_true', help='compare no gradients, and say so')
    parser.add_argument('--finite', action='store_true', help='leave out cases with infinite inputs, and say so')
    given = parser.parse_args(argv)
    chosen = list(entries(given.folder, operator=given.operator, mode=given.mode, type=given.type))
    if given.kernel and given.answers:
        raise VectorsError('give --kernel or --answers, not both')
    if not given.kernel and not given.answers:
        for case in [load(given.folder, entry) for entry in chosen]:
            entry = case.entry
            print(f'{entry["file"]}: catches {", ".join(entry["catches"]) or "no known fault"}')
        print(f'{len(chosen)} cases are whole; nothing was compared: give --kernel or --answers')
        return 0
    answer = function_in(given.kernel) if given.kernel else answers_in(given.answers, manifest(given.folder)['cases'])
    failed = numbers = anything = 0
    every = [load(given.folder, entry) for entry in chosen]
    asked = [case for case in every if not given.finite or all(np.isfinite(x).all() for x in case.inputs.values())]
    if not asked:
        raise VectorsError(f'{given.folder}: each of these cases has infinite inputs; leave --finite out')
    for case in asked:
        try:
            texts = compare(case, answer(case), not given.outputs_only)
        except VectorsError as error:
            texts = [str(error)]
        except KeyboardInterrupt:
            raise
        except BaseException:  # the kernel's own
            texts = [f'the kernel failed: {traceback.format_exc(limit=-1).strip()}']
        failed += bool(texts)
        bounds = [x for name, x in case.bound.items() if name.startswith('out/') or not given.outputs_only]
        numbers += sum(x.size for x in bounds)
        anything += sum(int(np.isposinf(x).sum()) for x in bounds)
        for text in texts:
            print(f'FAIL {case.file}: {text}')
        if texts:
            print(f'     it catches: {", ".join(case.entry["catches"]) or "no known fault"}')
    left = ' GRADIENTS WERE NOT COMPARED.' if given.outputs_only else ''
    if len(asked) < len(every):
        left += f' {len(every) - len(asked)} CASES WITH INFINITE INPUTS WERE LEFT OUT.'
    free = f', and {anything} that may be anything' if anything else ''
    right = f'{len(asked) - failed} of {len(asked)} cases right, {numbers - anything} numbers{free}'
    print(f'{"FAIL" if failed else "PASS"}: {right}.{left}')
    return 1 if failed else 0


def run(argv=None):
    """Runs the command line. Returns its exit status."""
    try:
        return main(argv)
    except VectorsError as error:
        print(f'densessm_vectors: {error}', file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stdout = None  # nobody reads what is left
        return 1


if __name__ == '__main__':
    sys.exit(run())
