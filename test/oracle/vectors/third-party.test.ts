import { describe, expect, it } from 'vitest';
import type { LoadedCase } from '../../../src/oracle/vectors/load.ts';
import { casesOf, failing, failingNames, moved, outcome, rerun, withTensors } from './official.ts';

const cases = ['dense_retnet', 'retnet'].flatMap(casesOf);
const named = cases.map((one) => [`${one.family}/${one.name}`, one] as const);

/** One name of every kind of expected tensor: names that differ in numbers only are of one kind. */
function kinds({ tensors }: LoadedCase): string[] {
  const byKind = new Map<string, string>();
  for (const [name, { data }] of tensors) {
    if (/^(out|inter|grad|buffer)\//.test(name) && data.length > 0) byKind.set(name.replace(/\d+/g, '#'), name);
  }
  return [...byKind.values()];
}

describe('vectors of third parties', () => {
  it('are 13 cases', () => {
    expect(named.map(([name]) => name)).toHaveLength(13);
  });

  it.each(named)('%s: every tensor agrees', (_, loaded) => {
    expect(loaded.problems).toEqual([]);
    expect(failing(outcome(loaded))).toEqual([]);
  });

  it.each(named)('%s: of each kind of tensor, one number changed fails that tensor alone', (_, loaded) => {
    const again = rerun(loaded);
    for (const name of kinds(loaded)) {
      const changed = withTensors(loaded, { [name]: moved(name, loaded.tensors.get(name)!, 2) });
      expect(failingNames(again(changed))).toEqual([name]);
    }
  });

  it.each(named)('%s: a change far below the allowed error fails nothing', (_, loaded) => {
    const again = rerun(loaded);
    const floats = kinds(loaded).filter((name) => loaded.tensors.get(name)!.dtype !== 'I32');
    const changes = floats.map((name) => [name, moved(name, loaded.tensors.get(name)!, 0.5)]);
    expect(failing(again(withTensors(loaded, Object.fromEntries(changes))))).toEqual([]);
  });

  it.each(named)('%s: a changed weight fails outputs and gradients', (_, loaded) => {
    const name = [...loaded.tensors.keys()].find((one) => /param\/.*(q_proj|W_Q)/.test(one))!;
    const weight = loaded.tensors.get(name)!;
    const changed = withTensors(loaded, { [name]: { ...weight, data: weight.data.with(0, weight.data[0]! + 1e-3) } });
    const failed = failingNames(outcome(changed));
    expect(failed).toEqual(expect.arrayContaining([expect.stringMatching(/^out\/(logits_)?parallel/)]));
    expect(failed).toEqual(expect.arrayContaining([expect.stringMatching(/^out\/(logits_)?recurrent/)]));
    expect(failed).toEqual(expect.arrayContaining([expect.stringMatching(/^grad\//)]));
  });
});
