import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openProcess } from '../../src/oracle/backends/process.ts';
import { check } from '../../src/oracle/check/check.ts';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { root } from '../support/root.ts';

const folder = join(root, 'test/backends/python');

/** A broken backend, and the failures in its docstring: a check must find these and no others. */
interface Broken {
  readonly file: string;
  readonly says: string;
  readonly needsTorch: boolean;
  readonly operators: readonly string[];
  readonly modes: readonly string[];
  readonly dtypes: readonly string[];
  /** The possible kinds of the finding on the smallest case. */
  readonly kinds: readonly string[];
}

const files = readdirSync(folder).filter((name) => name.endsWith('.py') && name !== 'adapter.py');

function read(file: string): Broken {
  const text = readFileSync(join(folder, file), 'utf8');
  const words = (list: string | undefined): string[] => list?.split(', ') ?? [];
  const says = /^"""(.*)$/m.exec(text)![1]!;
  const line = /^FAIL ((?:\w+, )*\w+) ((?:[a-zA-Z/]+, )*[a-zA-Z/]+)(?: (F\d+))?: (.*)$/m.exec(text);
  expect(line, `${file} has a line FAIL operators modes [type]: kind`).not.toBeNull();
  const [, operators, modes, dtype, kinds] = line!;
  return {
    file,
    says,
    needsTorch: text.includes('example_torch'),
    operators: words(operators),
    modes: words(modes),
    dtypes: dtype === undefined ? ['F32', 'F64'] : [dtype],
    kinds: kinds!.split(' or '),
  };
}

const broken = files.map(read);

describe('broken backends', () => {
  it('number at least 20', () => {
    expect(broken.length).toBeGreaterThanOrEqual(20);
  });
});

function tried(python: string, some: readonly Broken[]): void {
  it.each(some.map((one) => [one.file, one.says, one] as const))('%s is rejected: %s', async (file, _says, one) => {
    const backend = await openProcess(`${python} ${join(folder, file)}`);
    const { ok, rows } = await check(backend, { cases: 25, longest: 17, seed: 1, operators: one.operators }).finally(
      () => backend.close(),
    );
    const asked = rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED');
    const expected = asked.map(({ operator, mode, dtype }) => {
      const isWrong = one.modes.includes(mode) && one.dtypes.includes(dtype);
      return { operator, mode, dtype, verdict: isWrong ? 'FAIL' : 'PASS' };
    });
    const verdicts = asked.map(({ operator, mode, dtype, outputs, gradients }) => ({
      operator,
      mode,
      dtype,
      verdict: outputs === 'FAIL' || gradients === 'FAIL' ? 'FAIL' : 'PASS',
    }));
    expect(verdicts).toEqual(expected);
    const wrong = asked.filter(({ finding }) => finding !== null);
    expect(wrong.length).toBeGreaterThan(0);
    for (const { finding } of wrong) expect(one.kinds).toContain(finding!.kind);
    if (one.kinds.every((kind) => kind.includes('grad/')))
      expect(wrong.map(({ outputs }) => outputs)).toEqual(wrong.map(() => 'PASS'));
    expect(ok).toBe(false);
  });
}

const test = 'test/adapters/faults.test.ts';
const [numpy, torch] = [pythonWith('numpy'), pythonWith('numpy', 'torch')];

if (numpy === null) tellsThatItDidNotRun(test, 'numpy');
else
  describe('in numpy', () =>
    tried(
      numpy,
      broken.filter(({ needsTorch }) => !needsTorch),
    ));

if (torch === null) tellsThatItDidNotRun(test, 'numpy', 'torch');
else
  describe('in PyTorch', () =>
    tried(
      torch,
      broken.filter(({ needsTorch }) => needsTorch),
    ));
