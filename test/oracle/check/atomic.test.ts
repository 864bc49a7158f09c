import { describe, expect, it } from 'vitest';
import { bf16Format } from '../../../src/executors/profiles/format.ts';
import { bfloat16 } from '../../../src/executors/profiles/profile.ts';
import type { StoredTensor } from '../../../src/io/safetensors.ts';
import type { Atomic, Question } from '../../../src/oracle/backends/backend.ts';
import { type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { rng } from '../../../src/tensor/random.ts';
import { programBackend, type Twist } from './program-backend.ts';

/** The gradient of the weight of each token. */
function partsOf({ c }: Question): number[][] {
  const { x, weight } = c.inputs;
  const [width, { data }] = [weight!.data.length, c.cotangents.output!];
  const { epsilon } = c.settings as { epsilon: number };
  return Array.from({ length: width === 0 ? 0 : x!.data.length / width }, (_, t) => {
    const own = [...x!.data.subarray(t * width, (t + 1) * width)];
    const norm = Math.sqrt(own.reduce((sum, one) => sum + one * one, 0) / width + epsilon);
    return own.map((one, i) => (data[t * width + i]! * one) / norm);
  });
}

/** A kernel each of whose workers adds the part of a token to the gradient of the weight, in bfloat16, in an order that changes. */
const adding = (seed: number, change: (parts: number[][], call: number) => number[][] = (parts) => parts): Twist => {
  const random = rng(seed);
  let calls = 0;
  return (answer, question) => {
    const own = answer.get('grad/weight')!;
    const order = change(partsOf(question), calls++).map((part) => ({ part, at: random.uniform() }));
    order.sort((a, b) => a.at - b.at);
    const data = new Float64Array(own.data.length);
    for (const { part } of order)
      part.forEach((x, i) => {
        data[i] = bf16Format.round(data[i]! + bf16Format.round(x));
      });
    return new Map<string, StoredTensor>([...answer, ['grad/weight', { ...own, data }]]);
  };
};

const checked = (twist: Twist, atomic?: Atomic): Promise<CheckReport> => {
  const offer = { dtypes: ['BF16'], precision: { BF16: bfloat16 }, ...(atomic && { atomic }) } as const;
  const backend = programBackend({}, twist, offer);
  const { rmsNorm } = backend.description.operators;
  const own = {
    ...backend,
    description: { name: 'adding', operators: { rmsNorm: { ...rmsNorm!, modes: ['whole'] } } },
  };
  return check(own, { cases: 20, longest: 17, seed: 1, operators: ['rmsNorm'], modes: ['whole'] });
};

describe('atomic additions in the type of the answer', () => {
  const declared = { 'grad/weight': 'bt' };

  it('are right if they are declared, in any order', async () => {
    const { ok, rows } = await checked(adding(1), declared);
    expect(ok).toBe(true);
    expect(rows[0]!.repeats.differed).toBeGreaterThan(0);
    expect(rows[0]!.notes).toContain('grad/weight by atomic additions along bt, as declared');
  });

  it('are wrong otherwise', async () => {
    const { ok, rows } = await checked(adding(1));
    expect([ok, rows[0]!.gradients, rows[0]!.finding?.kind]).toEqual([false, 'FAIL', 'nondeterministic']);
  });

  it.each([
    ['a part is lost', (parts: number[][]) => parts.slice(1)],
    ['a part is added twice', (parts: number[][]) => [...parts, ...parts.slice(0, 1)]],
    ['a part has another sign', ([first = [], ...parts]: number[][]) => [first.map((x) => -x), ...parts]],
  ])('are wrong if %s, though no answer is that of another call', async (_, change) => {
    const { rows } = await checked(adding(1, change), declared);
    expect(rows[0]!).toMatchObject({ outputs: 'PASS', gradients: 'FAIL', finding: { kind: 'wrong grad/weight' } });
  });

  it('are a race if some calls lose a part', async () => {
    const race = adding(1, (parts, call) => (call % 3 === 1 ? parts.slice(1) : parts));
    const { rows } = await checked(race, declared);
    expect(rows[0]!).toMatchObject({ outputs: 'PASS', gradients: 'FAIL', finding: { kind: 'nondeterministic' } });
  });

  it('excuse no other tensor', async () => {
    const random = rng(2);
    const { rows } = await checked((answer) => {
      const x = answer.get('grad/x')!;
      const data = x.data.map((value) => value * (1 + random.uniform() / 4));
      return new Map([...answer, ['grad/x', { ...x, data }]]);
    }, declared);
    expect(rows[0]!).toMatchObject({ gradients: 'FAIL', finding: { kind: 'nondeterministic' } });
  });

  it.each([
    [{ 'grad/wieght': 'b' }, /'grad\/wieght' of rmsNorm, which is not known \(did you mean 'grad\/weight'/],
    [{ weight: 'b' }, /'weight' of rmsNorm, which is not known/],
    [{ 'grad/weight': 'w' }, /along w, which is an axis of it; name the axes that are summed/],
    [{ 'grad/weight': 'q' }, /along q, which is no axis; known are b, t, w/],
  ])('that do not exist are named: %o', async (atomic: Atomic, says) => {
    const { ok, problems } = await checked((answer) => answer, atomic);
    expect(ok).toBe(false);
    expect(problems.join()).toMatch(says);
  });
});
