/** @file Saves failing cases as files: safetensors with inputs, answer and right numbers, and a script that replays them. */
import { formatSafetensors, type TensorToStore } from '../../../io/safetensors.ts';
import type { CheckRow } from '../row.ts';

/** A Python script that compares an answer with the right numbers; it needs numpy alone. */
const script = `"""Compares the saved answer, or that of a kernel of yours, with the right numbers: python3 replay.py FILE.safetensors …"""
import json, sys
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

wrong = 0
for path in sys.argv[1:]:
    x, said = read(path)
    part = lambda kind: {k[len(kind):]: v for k, v in x.items() if k.startswith(kind)}
    got = kernel(part('in/'), part('cotangent/'), json.loads(said['settings']), part('answer/'))
    print(path, said['operator'], said['mode'], said['type'], 'settings', said['settings'])
    for name, want in part('right/').items():
        if name not in got:
            continue
        with np.errstate(invalid='ignore'):
            error = np.abs(np.asarray(got[name], dtype=np.float64) - want)
        same = (got[name] == want) | (np.isnan(got[name]) & np.isnan(want))
        off = ~same & ~(error <= x['bound/' + name])
        wrong += int(off.sum())
        print(f'  {name}: {off.sum()} of {off.size} numbers are wrong')
sys.exit(1 if wrong else 0)
`;

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
      const said = { operator, mode, type: dtype, settings: JSON.stringify(c.settings), message: one.message };
      const name = [operator, mode, dtype, ...(i === 0 ? [] : [`${i + 1}`])].join('-').replace(/[^\w-]+/g, '-');
      files[`${name}.safetensors`] = formatSafetensors(stored, new Map(Object.entries(said)));
    });
  }
  return Object.keys(files).length === 0 ? {} : { ...files, 'replay.py': script };
}
