import { describe, expect, it } from 'vitest';
import { adapters } from '../../src/vectors/adapters.ts';
import type { LoadedCase } from '../../src/vectors/load.ts';
import { casesOf, failing, failingNames, moved, outcome, rerun, withTensors } from './official.ts';

const cases = Object.keys(adapters).flatMap(casesOf);
const named = cases.map((one) => [`${one.family}/${one.name}`, one] as const);

/** One name for every kind of expected tensor. Names that differ only in numbers are of one kind. */
function kinds({ tensors }: LoadedCase): string[] {
  const byKind = new Map<string, string>();
  for (const [name, { data }] of tensors) {
    if (/^(out|inter|grad|buffer)\//.test(name) && data.length > 0) byKind.set(name.replace(/\d+/g, '#'), name);
  }
  return [...byKind.values()];
}

describe('the vectors of the repository', () => {
  it('are of every family that has an adapter', () => {
    const found = new Set(cases.map(({ family }) => family));
    expect([...found].toSorted()).toEqual(Object.keys(adapters).toSorted());
  });

  it.each(named)('%s: every tensor agrees', (_, loaded) => {
    expect(loaded.problems).toEqual([]);
    expect(failing(outcome(loaded))).toEqual([]);
  });

  it.each(named)('%s: for each kind of tensor, one changed number fails only that tensor', (_, loaded) => {
    const again = rerun(loaded);
    for (const name of kinds(loaded)) {
      const changed = withTensors(loaded, { [name]: moved(name, loaded.tensors.get(name)!, 2) });
      expect(failingNames(again(changed))).toEqual([name]);
    }
  });

  it.each(named)('%s: changes of half the allowed error fail no tensor', (_, loaded) => {
    const again = rerun(loaded);
    const floats = kinds(loaded).filter((name) => loaded.tensors.get(name)!.dtype !== 'I32');
    const changes = floats.map((name) => [name, moved(name, loaded.tensors.get(name)!, 0.5)]);
    expect(failing(again(withTensors(loaded, Object.fromEntries(changes))))).toEqual([]);
  });

  it.each(named)('%s: a changed weight or input fails gradients and the outputs of every mode', (_, loaded) => {
    const first = /param\/.*(q_proj|W_Q|in_proj)|in\/(q|u|x|X)$/;
    const name = [...loaded.tensors.keys()].find((one) => first.test(one))!;
    const stored = loaded.tensors.get(name)!;
    // change the middle number: normalisation can hide a change at the first token
    const at = Math.floor(stored.data.length / 2);
    const data = stored.data.with(at, stored.data[at]! + 1e-3);
    const changed = withTensors(loaded, { [name]: { ...stored, data } });
    const failed = failingNames(outcome(changed));
    const outputs = [...loaded.tensors.keys()].filter((one) =>
      /^out\/(logits(_parallel|_recurrent|_step)?|parallel|recurrent|out|Y|o(_parallel|_chunk)?|x\.\d+)$/.test(one),
    );
    expect(outputs.length).toBeGreaterThan(0);
    expect(failed).toEqual(expect.arrayContaining(outputs));
    expect(failed).toEqual(expect.arrayContaining([expect.stringMatching(/^grad\//)]));
  });
});
