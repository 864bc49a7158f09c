import { describe, expect, it } from 'vitest';
import { check } from '../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { domainFrom } from '../../../src/oracle/domain/declared.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import type { Program } from '../../../src/oracle/program.ts';
import { zerosLike } from '../../../src/tensor/operand.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { programBackend, type Twist } from './program-backend.ts';

/** Declines all but widths of 16, 32, 64 and 128, lengths that are multiples of 16, and finite numbers. */
const inBlocks: Twist = (answer, { c }) => {
  const [, t, n] = c.inputs.a!.shape;
  if (![16, 32, 64, 128].includes(n!)) return { kind: 'unsupported', reason: `n is ${n}; it takes 16, 32, 64 and 128` };
  if (t! % 16 > 0) return { kind: 'unsupported', reason: `t is ${t}; it takes multiples of 16` };
  if (!c.inputs.a!.data.every((x) => x > 0 && x <= 1))
    return { kind: 'unsupported', reason: 'decays are beyond (0, 1]' };
  return answer;
};
const blocks = {
  axes: { n: [16, 32, 64, 128], t: { multipleOf: 16 } },
  inputs: { a: { above: 0, atMost: 1 } },
};

const row = async (
  operator: string,
  mode: string,
  declared: object | null,
  { program, twist, cases = 100 }: { program?: Program; twist?: Twist; cases?: number },
): Promise<CheckRow> => {
  const backend = programBackend(
    program === undefined ? {} : { [operator]: program },
    twist,
    declared === null ? {} : { domain: domainFrom(declared, 'mine') },
  );
  const asked = { operators: [operator], modes: [mode], dtypes: ['F64'] as const };
  const { rows } = await check(backend, { cases, longest: 33, seed: 1, ...asked });
  return rows[0]!;
};

describe('a backend that takes few shapes', () => {
  it('is asked 100 useful cases of 100 inside its domain', async () => {
    const found = await row('linearScan', 'recurrent', blocks, { twist: inBlocks });
    expect(found).toMatchObject({ outputs: 'PASS', gradients: 'PASS', cases: 100, unsupported: 0 });
    expect(found.lengths).toMatchObject({ n: [16, 32, 64, 128], t: [16, 32] });
    expect(found.domain).toEqual(['n in {16, 32, 64, 128}', 't in {16, 32}', 'a above 0 and at most 1']);
  });

  it('declines them without a domain, with its own reason', async () => {
    const found = await row('linearScan', 'recurrent', null, { twist: inBlocks });
    expect(found).toMatchObject({ outputs: 'UNSUPPORTED', cases: 0, unsupported: 100, domain: [] });
    expect(found.reason).toMatch(/^n is \d; it takes 16, 32, 64 and 128$/);
  });

  it('shows a fault by a case inside its domain', async () => {
    const { modes } = operators.find(({ name }) => name === 'linearScan')!;
    const program: Program = (inputs, settings) =>
      modes.recurrent!({ ...inputs, state: zerosLike(inputs.state!) }, settings);
    const found = await row('linearScan', 'recurrent', blocks, { program, twist: inBlocks });
    const { inputs } = found.finding!.smallest;
    expect(found).toMatchObject({ gradients: 'FAIL', unsupported: 0 });
    expect(inputs.a!.shape).toEqual([1, 16, 16]);
    expect(inputs.a!.data.every((x) => x > 0 && x <= 1)).toBe(true);
  });

  it('is asked about an axis without entries, where the operator may have one', async () => {
    const found = await row('attention', 'parallel', { axes: { s: 0 } }, { cases: 20 });
    expect(found).toMatchObject({ outputs: 'PASS', cases: 20, lengths: { s: [0] } });
    const never = await row('attention', 'parallel', { axes: { d: 0 } }, { cases: 20 });
    expect(never).toMatchObject({ outputs: 'UNCHECKED', reason: 'no case is in its domain, as never: d = 0' });
  });

  it('whose domain is empty is unchecked, with the reason', async () => {
    const found = await row('retention', 'recurrent', { settings: { position: 3 } }, {});
    expect(found).toMatchObject({
      outputs: 'UNCHECKED',
      cases: 0,
      reason: 'no case is in its domain, as never: position = 3',
    });
  });
});

describe('a kernel without a factor of queries', () => {
  const { modes } = operators.find(({ name }) => name === 'linearAttention')!;
  const unscaled: Program = (inputs, { scale: _, ...settings }) => modes.parallel!(inputs, settings);

  it.each([
    [null, 'PASS'],
    [{ settings: { scale: 1 } }, 'PASS'],
    [{ settings: { scale: { above: 0 } } }, 'FAIL'],
  ])('is asked about it only if its domain names it: %j is %s', async (declared, outputs) => {
    const found = await row('linearAttention', 'parallel', declared, { program: unscaled, cases: 9 });
    expect(found).toMatchObject({ outputs });
    if (outputs === 'FAIL') expect(found.finding!.hints.join()).toContain('scale-missing');
  });
});

describe('the smallest case is in the domain of the operator', () => {
  const { modes } = operators.find(({ name }) => name === 'simpleGla')!;
  /** Forgets the gate of the fourth token. */
  const forgets: Program = (inputs, settings) => {
    const { gate } = inputs;
    const t = gate!.shape[2]!;
    if (t < 4) return modes.recurrent!(inputs, settings);
    const fourth = slice(gate!, 2, 3, 4);
    const parts = [slice(gate!, 2, 0, 3), zerosLike(fourth), ...(t > 4 ? [slice(gate!, 2, 4, t)] : [])];
    return modes.recurrent!({ ...inputs, gate: concat(parts, 2) }, settings);
  };

  it.each([
    ['gates are at most 0', null],
    ['finite gates are finite', { inputs: { gate: 'finite' } }],
  ])('%s', async (_, declared) => {
    const found = await row('simpleGla', 'recurrent', declared, { program: forgets });
    const { gate } = found.finding!.smallest.inputs;
    expect(gate!.shape[2]).toBe(4);
    expect([...gate!.data].filter((x) => x !== 0)).toEqual([-1]);
    expect(found.finding!.message).toContain('not 0.36787944117144233');
  });
});
