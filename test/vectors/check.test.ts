import { describe, expect, it } from 'vitest';
import type { TensorToStore } from '../../src/io/safetensors.ts';
import { InputError } from '../../src/tensor/errors.ts';
import type { Adapter, Answers } from '../../src/vectors/case.ts';
import { type CheckOptions, checkVectors, type Report } from '../../src/vectors/check.ts';
import { double, inTemporaryFolder, type ToyCase, toyAdapters, toyCase, writeFamily } from '../support/toy-vectors.ts';

/** Checks one family of toy cases and returns the report. */
function check(cases: readonly ToyCase[], options: CheckOptions = {}, family = 'toy'): Report {
  return inTemporaryFolder((root) => {
    writeFamily(root, family, cases);
    return checkVectors([root], { adapters: toyAdapters, waivers: [], ...options });
  });
}

/** The adapter `double` with changed answers. */
const changed =
  (change: (answers: Answers) => Answers): Adapter =>
  (testCase) =>
    change(double(testCase));
const adaptersOf = (adapter: Adapter): CheckOptions => ({ adapters: { toy: { double: adapter } } });

const without = (name: string): Adapter =>
  changed(({ tensors }) => ({ tensors: Object.fromEntries(Object.entries(tensors).filter(([key]) => key !== name)) }));

/** The names of failed tensors, with reasons. */
const failures = ({ cases }: Report) =>
  cases
    .flatMap(({ tensors }) => tensors)
    .filter(({ status }) => status === 'failed')
    .map(({ name, reason }) => [name, reason]);

describe('a check', () => {
  it('compares the answers of other modes too, and names a wrong mode', () => {
    const inModes = (factor: number): CheckOptions =>
      adaptersOf(
        changed(({ tensors }) => ({
          tensors,
          modes: {
            right: tensors,
            other: {
              'out/y': () => {
                const { shape, data } = tensors['out/y']!();
                return { shape, data: Array.from(data, (y) => factor * y) };
              },
            },
          },
        })),
      );
    expect(check([toyCase('a')], inModes(1)).ok).toBe(true);
    const { ok, cases } = check([toyCase('a')], inModes(1 + 1e-6));
    expect(ok).toBe(false);
    const failed = cases[0]!.tensors.filter(({ status }) => status === 'failed');
    expect(failed.map(({ name, mode }) => [name, mode])).toEqual([['out/y', 'other']]);
  });

  it('passes correct cases, with a result for each tensor', () => {
    const report = check([toyCase('a'), toyCase('b')]);
    expect(report).toMatchObject({ ok: true, problems: [] });
    expect(report.cases.map(({ name, status }) => [name, status])).toEqual([
      ['a', 'passed'],
      ['b', 'passed'],
    ]);
    const names = report.cases[0]!.tensors.map(({ name }) => name);
    expect(names.sort()).toEqual(['grad/in/x', 'out/count', 'out/y', 'out/y_f32']);
  });

  it.each<[string, TensorToStore]>([
    ['out/y', { dtype: 'F64', shape: [3], data: [2, -4 + 1e-9, 1] }],
    ['out/y', { dtype: 'F64', shape: [3], data: [2, NaN, 1] }],
    ['out/y', { dtype: 'F64', shape: [3, 1], data: [2, -4, 1] }],
    ['out/y_f32', { dtype: 'F32', shape: [3], data: [2, -4.002, 1] }],
    ['out/count', { dtype: 'I32', shape: [], data: [4] }],
    ['grad/in/x', { dtype: 'F64', shape: [3], data: [2, 2, -2] }],
  ])('fails if the vectors contain another %s', (name, tensor) => {
    const report = check([toyCase('a'), toyCase('b', { [name]: tensor })]);
    expect(report.ok).toBe(false);
    expect(report.cases.map(({ status }) => status)).toEqual(['passed', 'failed']);
    expect(failures(report).map(([failed]) => failed)).toEqual([name]);
  });

  it.each(['out/y', 'out/y_f32', 'out/count', 'grad/in/x'])('fails if the adapter omits %s', (name) => {
    const report = check([toyCase('a')], adaptersOf(without(name)));
    expect(report.ok).toBe(false);
    expect(failures(report)).toEqual([[name, 'the adapter does not compute it']]);
  });

  it('fails on an unknown expected tensor, even one named like an object’s method', () => {
    const tensor: TensorToStore = { dtype: 'F64', shape: [], data: [1] };
    const report = check([toyCase('a', { 'inter/new': tensor, toString: tensor })]);
    expect(failures(report).sort()).toEqual([
      ['inter/new', 'the adapter does not compute it'],
      ['toString', expect.stringContaining('begins with none of')],
    ]);
  });

  it('fails every tensor of a case whose adapter throws, with the message', () => {
    const refuse = check([toyCase('a')], {
      adapters: {
        toy: {
          double: () => {
            throw new InputError('config.heads is 0; expected an integer ≥ 1');
          },
        },
      },
    });
    expect(failures(refuse)).toHaveLength(4);
    expect(failures(refuse)[0]![1]).toBe('config.heads is 0; expected an integer ≥ 1');
    const crash = check(
      [toyCase('a')],
      adaptersOf(changed(({ tensors }) => ({ tensors: { ...tensors, 'out/y': () => [][0]! } }))),
    );
    expect(failures(crash)).toEqual([['out/y', expect.stringContaining('TypeError')]]);
  });

  it('computes only the wanted tensors', () => {
    const never = (): never => {
      throw new Error('called');
    };
    const extra = changed(({ tensors }) => ({ tensors: { ...tensors, 'out/other': never, 'in/x': never } }));
    expect(check([toyCase('a')], adaptersOf(extra)).ok).toBe(true);
  });

  it('hides the expected numbers from the adapter, but gives it their names, types and shapes', () => {
    let seen: unknown;
    const look: Adapter = (testCase) => {
      seen = [[...testCase.tensors.keys()], [...testCase.wanted.keys()].sort(), testCase.wanted.get('out/count')];
      return double(testCase);
    };
    check([toyCase('a')], adaptersOf(look));
    const wanted = ['grad/in/x', 'out/count', 'out/y', 'out/y_f32'];
    expect(seen).toEqual([['in/x'], wanted, { dtype: 'I32', shape: [] }]);
  });

  it('compares a buffer only if the adapter computes it', () => {
    const buffer = { 'buffer/two': { dtype: 'F64', shape: [], data: [2] } } satisfies Record<string, TensorToStore>;
    const answering = (two: number): CheckOptions =>
      adaptersOf(
        changed(({ tensors }) => ({ tensors: { ...tensors, 'buffer/two': () => ({ shape: [], data: [two] }) } })),
      );
    expect(check([toyCase('a', buffer)]).ok).toBe(true);
    expect(check([toyCase('a', buffer)], answering(2)).ok).toBe(true);
    expect(check([toyCase('a', buffer)], answering(3)).ok).toBe(false);
  });

  it('fails a covered case with nothing to compare', () => {
    const empty = { 'out/y': null, 'out/y_f32': null, 'out/count': null, 'grad/in/x': null };
    const report = check([toyCase('a', empty)]);
    expect(report.ok).toBe(false);
    expect(report.cases[0]!.problems).toEqual([expect.stringContaining('nothing could be compared')]);
  });

  it('reports progress after every case', () => {
    const done: string[] = [];
    check([toyCase('a'), toyCase('b')], { onProgress: ({ name }, n, total) => done.push(`${name} ${n}/${total}`) });
    expect(done).toEqual(['a 1/2', 'b 2/2']);
  });
});

describe('a case that is not covered', () => {
  it('is named and does not fail the check', () => {
    const other = { ...toyCase('b'), config: { kind: 'triple' } };
    const report = check([toyCase('a'), other]);
    expect(report.ok).toBe(true);
    expect(report.cases[1]).toMatchObject({ status: 'not covered', kind: 'triple', isCovered: false, tensors: [] });
    // but a check fails if it compared nothing
    expect(check([toyCase('a')], {}, 'constructor')).toMatchObject({ ok: false, cases: [{ status: 'not covered' }] });
  });

  it('is covered by the adapter * of its family', () => {
    const other = { ...toyCase('b'), config: {} };
    expect(check([other], { adapters: { toy: { '*': double } } }).cases[0]).toMatchObject({
      status: 'passed',
      kind: null,
    });
    expect(check([toyCase('a')], { adapters: { toy: { '*': double } } }).cases[0]!.status).toBe('passed');
  });

  it('fails if its kind is not a string', () => {
    expect(check([{ ...toyCase('b'), config: { kind: 7 } }]).ok).toBe(false);
  });
});

describe('a waiver', () => {
  const waivers = [{ family: 'toy', tensor: /out\/y.*/, reason: 'random by design' }];

  it('allows an unanswered tensor, with a reason', () => {
    const report = check([toyCase('a')], { ...adaptersOf(without('out/y')), waivers });
    expect(report.ok).toBe(true);
    const waived = report.cases[0]!.tensors.find(({ name }) => name === 'out/y');
    expect(waived).toMatchObject({ status: 'waived', reason: 'random by design' });
  });

  it('can come from the adapter', () => {
    const drop =
      (reason: string): Adapter =>
      (testCase) => ({ ...without('out/y')(testCase), waived: { 'out/y': reason } });
    expect(check([toyCase('a')], adaptersOf(drop('no formula is published'))).ok).toBe(true);
    expect(check([toyCase('a')], adaptersOf(drop(' '))).ok).toBe(false);
  });

  it('does not allow a wrong answer', () => {
    const wrong = { 'out/y': { dtype: 'F64', shape: [3], data: [0, 0, 0] } } satisfies Record<string, TensorToStore>;
    expect(check([toyCase('a', wrong)], { waivers }).ok).toBe(false);
  });

  it('applies only to its family and to whole names', () => {
    for (const waiver of [
      { family: 'other', tensor: /out\/y/, reason: 'r' },
      { family: 'toy', tensor: /out/, reason: 'r' },
    ]) {
      expect(check([toyCase('a')], { ...adaptersOf(without('out/y')), waivers: [waiver] }).ok).toBe(false);
    }
  });
});
