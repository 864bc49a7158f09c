/** @file Saves failing cases as files: safetensors with inputs, answer and right numbers, and a script that replays them. */
import { formatSafetensors, type TensorToStore } from '../../../io/safetensors.ts';
import type { ComparedNumbers } from '../failure-data.ts';
import type { CheckRow, Finding } from '../row.ts';
import { nearest } from '../verdict/judged.ts';
import { ratioOf } from '../verdict/place.ts';

/** A Python script that compares an answer with the right numbers; it needs numpy alone. */
const script = `"""Compares the saved answer, or that of a kernel of yours, with the right numbers: python3 replay.py [FILE.safetensors …]

Without files, compares all those beside it. Ends with 1 if a number is wrong, with 2 if these bounds cannot tell."""
import glob, json, os, sys
import numpy as np

def read(path):  # the safetensors format: the length of a JSON header, the header, the numbers
    with open(path, 'rb') as file:
        raw = file.read()
    size = int.from_bytes(raw[:8], 'little')
    header = json.loads(raw[8:8 + size])
    said = header.pop('__metadata__')
    types = {'F64': '<f8', 'I64': '<i8'}
    at = lambda x: raw[8 + size + x['data_offsets'][0]:8 + size + x['data_offsets'][1]]
    return {k: np.frombuffer(at(x), types[x['dtype']]).reshape(x['shape']) for k, x in header.items()}, said

def kernel(inputs, cotangents, settings, answer):
    return answer  # yours instead: a dict of 'out/NAME' and, if it has gradients, 'grad/NAME'

paths = sys.argv[1:] or sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), '*.safetensors')))
if not paths:
    sys.exit('replay.py: there is no file FILE.safetensors beside it; name the files of failing cases')
wrong, untold = 0, False
for path in paths:
    x, said = read(path)
    part = lambda kind: {k[len(kind):]: v for k, v in x.items() if k.startswith(kind)}
    got = kernel(part('in/'), part('cotangent/'), json.loads(said['settings']), part('answer/'))
    print(path, said['operator'], said['mode'], said['type'], 'settings', said['settings'])
    for name, want in part('right/').items():
        have = None if name not in got else np.asarray(got[name], dtype=np.float64)
        if have is None or have.shape != want.shape:
            wrong += 1
            print(f'  {name}: is missing' if have is None else f'  {name}: has shape {have.shape}, not {want.shape}')
            continue
        bound, period = x['bound/' + name], json.loads(said['periods']).get(name)
        with np.errstate(all='ignore'):
            if period:  # numbers that differ by whole periods are the same
                have = np.where(np.isfinite(have), have - period * np.round((have - want) / period), have)
            right = (have == want) | (np.isnan(have) & np.isnan(want)) | (np.abs(have - want) <= bound) | (bound == np.inf)
        wrong += int(want.size - right.sum())
        print(f'  {name}: {want.size - right.sum()} of {want.size} numbers are wrong')
    for name in json.loads(said['unseen']):
        untold = True
        print(f'  {name}: these bounds cannot tell; ask densessm check: {said["message"]}')
sys.exit(1 if wrong else 2 if untold else 0)
`;

/** The wrong tensors of a finding that its running bounds do not show: they are biased, wrong by first-order bounds, or missing. */
function unseenIn({ kind, deviations, numbers }: Finding): string[] {
  const beyond = ([, own]: [string, ComparedNumbers]): boolean =>
    nearest(own, own.answered).some(
      (x, i) => own.bounds[i]! < Number.POSITIVE_INFINITY && ratioOf(x, own.expected[i]!, own.bounds[i]!) > 1,
    );
  const seen = Object.entries(numbers?.smallest.tensors ?? {})
    .filter(beyond)
    .map(([name]) => name);
  const [, own] = kind.split(' ');
  const wrong = new Set([...(own === undefined ? [] : [own]), ...deviations.map(({ tensor }) => tensor)]);
  if (wrong.size === 0 && seen.length === 0) return ['the answer'];
  return [...wrong].filter((name) => !seen.includes(name));
}

/** The files of failing rows: the smallest case of each finding that has numbers, and the script. */
export function savedFiles(rows: readonly CheckRow[]): Record<string, string | Uint8Array> {
  const files: Record<string, string | Uint8Array> = {};
  for (const { operator, mode, dtype, finding, also } of rows) {
    [finding, ...also].forEach((one, i) => {
      if (one?.numbers == null) return;
      const { c, tensors } = one.numbers.smallest;
      const stored = new Map<string, TensorToStore>();
      const store = (kind: string, all: typeof c.inputs): void => {
        for (const [name, { shape, data, kind: of }] of Object.entries(all))
          stored.set(`${kind}${name}`, { dtype: of === 'index' ? 'I64' : 'F64', shape, data });
      };
      store('in/', c.inputs);
      store('cotangent/', c.cotangents);
      for (const [name, { shape, answered, expected, bounds }] of Object.entries(tensors)) {
        // doubles hold the numbers of every type
        const as = (data: Float64Array): TensorToStore => ({ dtype: 'F64', shape, data });
        stored.set(`answer/${name}`, as(answered));
        stored.set(`right/${name}`, as(expected));
        stored.set(`bound/${name}`, as(bounds));
      }
      const periods = Object.fromEntries(
        Object.entries(tensors).flatMap(([name, { period }]) => (period === undefined ? [] : [[name, period]])),
      );
      const said = {
        ...{ operator, mode, type: dtype, settings: JSON.stringify(c.settings), message: one.message },
        ...{ periods: JSON.stringify(periods), unseen: JSON.stringify(unseenIn(one)) },
      };
      const name = [operator, mode, dtype, ...(i === 0 ? [] : [`${i + 1}`])].join('-').replace(/[^\w-]+/g, '-');
      files[`${name}.safetensors`] = formatSafetensors(stored, new Map(Object.entries(said)));
    });
  }
  return Object.keys(files).length === 0 ? {} : { ...files, 'replay.py': script };
}
