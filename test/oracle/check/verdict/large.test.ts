import { describe, expect, it } from 'vitest';
import { snap } from '../../../../src/executors/bounded/index.ts';
import { f64 } from '../../../../src/executors/f64/index.ts';
import type { Dtype } from '../../../../src/oracle/backends/backend.ts';
import { type Case, fill, type Layout } from '../../../../src/oracle/case.ts';
import { allowedFor, profileOf, profilesOf } from '../../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer, judged } from '../../../../src/oracle/check/verdict/judged.ts';
import { computationOf, formsFor, isLarge, leftOutOf } from '../../../../src/oracle/check/verdict/large.ts';
import { tightest } from '../../../../src/oracle/check/verdict/verdict.ts';
import { layoutOf } from '../../../../src/oracle/layout.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { linearAttention } from '../../../../src/oracle/operators/linear-attention/operator.ts';
import { retention } from '../../../../src/oracle/operators/retention/operator.ts';
import { selectiveScan } from '../../../../src/oracle/operators/selective-scan/operator.ts';
import { simpleGla } from '../../../../src/oracle/operators/simple-gla/operator.ts';
import { stateSpaceDuality } from '../../../../src/oracle/operators/state-space-duality/operator.ts';
import { type Answered, answerOn, rightAnswer } from '../support.ts';

const [dtype, gradients] = ['F32', true] as const;

/** A case whose numbers are those of the type. Gates are small, so that memories last. */
function caseOf(
  operator: Operator,
  lengths: Record<string, number>,
  settings: Layout['settings'],
  type: Dtype = dtype,
): Case {
  const details = { gate: { between: [-1 / 16, 0] as const } };
  const c = fill(layoutOf(operator.signature.text, { lengths, settings, details }), 1, 'normal');
  const snapped = (tensors: Case['inputs']): Case['inputs'] =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => [name, { ...x, data: snap(profileOf[type], x.data) }]),
    );
  return { ...c, inputs: snapped(c.inputs), cotangents: snapped(c.cotangents) };
}

const lengths = { b: 1, h: 1, g: 1, d: 2, e: 2, n: 2 };
const settings = { decay: [31 / 32], chunkSize: 5, position: 0 };
const long = caseOf(retention, { ...lengths, t: 3000 }, settings);

describe('in large cases', () => {
  it('chunkwise mode stands for modes that store a number for each pair of tokens', () => {
    expect(isLarge(retention, long)).toBe(true);
    const by = (mode: string, c: Case): unknown => {
      const computation = computationOf(retention, mode, c);
      return [computation.mode, computation.c.settings.chunkSize];
    };
    expect(by('parallel', long)).toEqual(['chunkwise', 64]);
    expect(by('chunkwise', long)).toEqual(['chunkwise', 64]);
    expect(by('chunkwise', { ...long, settings: { ...settings, chunkSize: 128 } })).toEqual(['chunkwise', 128]);
    expect(by('recurrent', long)).toEqual(['recurrent', 5]);
    expect(by('parallel', caseOf(retention, { ...lengths, t: 96 }, settings))).toEqual(['parallel', 5]);
  });

  it('it gives the numbers of the other modes, and rejects a lost state', () => {
    const allowed = allowedFor(retention, { mode: 'parallel', dtype, gradients, c: long });
    const { tensors, standIn } = allowed;
    expect(standIn).toBe('the mode chunkwise in chunks of 64');
    for (const [name, { data }] of answerOn(f64, retention.modes.recurrent!, long, { dtype })) {
      const { expected } = tensors[name]!;
      const size = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      expect(data.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0)).toBeLessThan(1e-12 * size);
    }
    const { state } = long.inputs;
    const inputs = { ...long.inputs, state: { ...state!, data: state!.data.map(() => 0) } };
    const stateless = answerOn(f64, retention.modes.recurrent!, { ...long, inputs }, { dtype });
    expect(judged(allowed, stateless, 1).mismatches.map(({ tensor }) => tensor)).toEqual(['out/output', 'grad/q']);
  });

  it('a scan stands for a scan in chunks', () => {
    const { inputs, cotangents } = long;
    const scan = computationOf(selectiveScan, 'chunkwise', {
      ...long,
      inputs: { u: { ...inputs.q!, shape: [1, 3000, 2] } },
      cotangents: { y: cotangents.output!, z: cotangents.output!, w: cotangents.output! },
    });
    expect(scan).toMatchObject({ mode: 'scan', standIn: 'the mode scan' });
  });

  it('forms over all pairs of tokens are left out', () => {
    const names = (c: Case): string[] => formsFor(retention, 'parallel', c).map(([name]) => name);
    const ofPairs = ['cumulatedGates', 'multipliedGates'];
    expect(names(long)).toContain('gateProducts');
    expect(names(long).filter((name) => ofPairs.includes(name))).toEqual([]);
    expect(names(caseOf(retention, { ...lengths, t: 8 }, settings))).toEqual(expect.arrayContaining(ofPairs));
  });
});

describe('the bound of chunks of 64 tokens', () => {
  const operators = [retention, linearAttention, simpleGla, stateSpaceDuality] as readonly Operator[];

  it.each(operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode }))))(
    'covers $operator.name in mode $mode',
    ({ operator, mode }) => {
      const c = caseOf(operator, { ...lengths, t: 100 }, settings);
      const chunked = { ...c, settings: { ...settings, chunkSize: 64 } };
      const allowed = allowedFor(operator, { mode: 'chunkwise', dtype, gradients, c: chunked });
      expect(judged(allowed, rightAnswer(operator.modes[mode]!, c, 1, { dtype }), 1).mismatches).toEqual([]);
    },
  );
});

describe('in 16 bits, where the order of computing decides what is rounded', () => {
  const asked = { mode: 'chunkwise', dtype: 'BF16', gradients: false } as const;
  const c = caseOf(retention, { b: 1, h: 1, d: 1, e: 1, t: 4200 }, { ...settings, chunkSize: 8 }, 'BF16');
  /** The answer of a program that has its own chunks, whichever chunk is asked. */
  const answerIn = (chunkSize: number, inputs = c.inputs): Answered =>
    rightAnswer(retention.modes.chunkwise!, { ...c, inputs, settings: { ...c.settings, chunkSize } }, 1, asked);
  it.each([32])('chunks of 64 tokens stand for chunks of %d in a large case', (chunkSize) => {
    expect(isLarge(retention, c)).toBe(true);
    const { judgement, allowed } = tightest(retention, { ...asked, c }, answerIn(chunkSize), profilesOf.BF16, 0);
    expect(allowed.standIn).toBe('the mode chunkwise in chunks of 64');
    expect(judgement.mismatches).toEqual([]);
  });

  it('a lost state is wrong', () => {
    const { state } = c.inputs;
    const inputs = { ...c.inputs, state: { ...state!, data: state!.data.map(() => 0) } };
    const [allowed] = profilesOf.BF16.slice(-1).map((profile) => allowedFor(retention, { ...asked, c, profile }));
    expect(isRightAnswer(judged(allowed!, answerIn(32, inputs), 1))).toBe(false);
  });
});

describe('a failure in a large case', () => {
  it('names the forms over all pairs, which were not tried', () => {
    expect(leftOutOf(retention, 'parallel', long)).toHaveLength(2);
    expect(leftOutOf(retention, 'parallel', long)[0]).toMatch(/^exponentials of differences/);
    expect(leftOutOf(retention, 'parallel', caseOf(retention, { ...lengths, t: 8 }, settings))).toEqual([]);
  });
});
