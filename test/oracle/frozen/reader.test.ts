import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TensorToStore } from '../../../src/io/safetensors.ts';
import type { FrozenCase } from '../../../src/oracle/frozen/choose.ts';
import { presets } from '../../../src/oracle/frozen/presets.ts';
import { pythonWith, tellsThatItDidNotRun } from '../../support/python.ts';
import { root } from '../../support/root.ts';
import { casesOf, faultyAnswer, fileName, rightAnswer, writeAnswers, writeCases } from './support.ts';

const python = pythonWith('numpy');

/** Runs the reader's command line once for each list of arguments in one process, as each start takes long. */
const driver = `
import contextlib, io, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import densessm_vectors
def run(argv):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = densessm_vectors.run(argv)
    return {'status': status, 'stdout': out.getvalue(), 'stderr': err.getvalue()}
print(json.dumps([run(argv) for argv in json.load(sys.stdin)]))
`;

interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const kernel = `
import numpy as np
def scan(case, bug=False):
    a, b, h = (case.inputs[name] for name in ('a', 'b', 'state'))
    dy, g = case.cotangents['output'], case.cotangents['state']
    h, before, rows = (h * 0 if bug else h), [], []
    for t in range(a.shape[1]):
        before.append(h)
        h = a[:, t] * h + b[:, t]
        rows.append(h)
    ga, gb = np.zeros_like(a), np.zeros_like(b)
    for t in reversed(range(a.shape[1])):
        g = g + dy[:, t]
        ga[:, t], gb[:, t], g = g * before[t], g, g * a[:, t]
    return {'out/output': np.stack(rows, 1), 'out/state': h, 'grad/a': ga, 'grad/b': gb, 'grad/state': g}
def broken(case):
    return scan(case, True)
def leaves(case):
    raise SystemExit(0)
class Skipped(BaseException):
    pass
def skips(case):
    raise Skipped('not today')
def in_place(case):
    found = scan(case)
    for x in case.inputs.values():
        x[...] = 0
    return found
def more(case):
    return {**scan(case), 'out/more': case.inputs['a']}
def forward(case):
    return {name: x for name, x in scan(case).items() if name.startswith('out/')}
`;

describe('the Python reader of vectors', () => {
  if (python === null) {
    tellsThatItDidNotRun('test/oracle/frozen/reader.test.ts', 'numpy');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'frozen-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const few = { candidates: 3, most: 120, cases: 1 };
  const cases = [
    ...casesOf({ ...presets.nano, ...few, modesOf: () => ['recurrent'] }, 'linearScan', 'retention', 'mamba3'),
    ...casesOf({ ...presets.full, ...few, dtypesOf: () => ['BF16'], modesOf: () => ['chunkwise/padded'] }, 'retention'),
  ];
  const scan = cases.find(({ operator }) => operator.name === 'linearScan')!;
  // as at padding
  scan.accepted.tensors['out/output']!.bounds[0] = Number.POSITIVE_INFINITY;
  const vectors = join(folder, 'vectors');
  writeCases(vectors, cases);
  writeFileSync(join(folder, 'mine.py'), kernel);

  const asked = new Map<string, readonly string[]>();
  const asks = (what: string, ...args: string[]): void => {
    asked.set(what, args);
  };
  /** Asks what the reader says of answers to all cases. */
  const answers = (what: string, answer: (one: FrozenCase) => ReadonlyMap<string, TensorToStore>): void => {
    const own = join(folder, `answers-${asked.size}`);
    writeAnswers(own, cases, answer);
    asks(what, vectors, '--answers', own);
  };

  for (const nth of [0, 1, 2]) answers(`profile ${nth}`, (one) => rightAnswer(one, nth));
  const most = Math.max(...cases.map(({ catches }) => catches.length));
  const caught = ({ catches }: FrozenCase, n: number): string => catches[n % catches.length] ?? 'none';
  for (let n = 0; n < most; n++) answers(`fault ${n}`, (one) => faultyAnswer(one, caught(one, n)));

  const right = rightAnswer(scan);
  const output = right.get('out/output')!;
  const nan = { ...output, data: Array.from(output.data, () => Number.NaN) };
  const changes: readonly [string, (answer: Map<string, TensorToStore>) => void, string][] = [
    ['a missing output', (answer) => answer.delete('out/output'), 'out/output is missing'],
    ['a missing gradient', (answer) => answer.delete('grad/a'), 'grad/a is missing'],
    ['a tensor too many', (answer) => answer.set('out/more', output), 'out/more was not asked for'],
    ['another shape', (answer) => answer.set('out/output', { ...output, shape: [output.data.length] }), 'has shape'],
    ['another type', (answer) => answer.set('out/output', { ...output, dtype: 'F64' }), 'has the type F64, not F32'],
    ['NaN', (answer) => answer.set('out/output', nan), 'is nan, not'],
  ];
  for (const [what, change] of changes)
    answers(what, (one) => {
      const answer = rightAnswer(one);
      if (one === scan) change(answer);
      return answer;
    });
  writeAnswers(join(folder, 'one'), [scan], () => right);
  asks('answers to one case', vectors, '--answers', join(folder, 'one'));
  writeAnswers(join(folder, 'odd'), [scan], () => right);
  writeFileSync(join(folder, 'odd', 'other.safetensors'), '');
  asks('an answer to no case', vectors, '--answers', join(folder, 'odd'));
  const ofScan = (what: string, name: string, ...more: string[]): void =>
    asks(what, vectors, '--operator', 'linearScan', '--kernel', `${join(folder, 'mine.py')}:${name}`, ...more);
  ofScan('a right function', 'scan');
  ofScan('a wrong function', 'broken');
  ofScan('a function without gradients', 'forward');
  ofScan('outputs only', 'forward', '--outputs-only');
  ofScan('outputs only, with gradients', 'scan', '--outputs-only');
  ofScan('outputs only, with one too many', 'more', '--outputs-only');
  ofScan('a function that ends the process', 'leaves');
  ofScan('a function that skips', 'skips');
  ofScan('a function that writes into its inputs', 'in_place');
  ofScan('no function', 'none');
  const broken: readonly [string, string, string, RegExp][] = [
    [
      'a script that ends itself',
      'exits.py',
      'import sys\nsys.exit(0)',
      /exits.py:f: the file cannot be loaded .SystemExit/,
    ],
    ['a file that is no Python', 'syntax.py', 'def f(:', /cannot be loaded .SyntaxError: /],
    ['a failing import', 'import.py', 'import there_is_no_such', /cannot be loaded .ModuleNotFoundError: No module/],
    ['another file', 'text.txt', 'no = Python here', /cannot be loaded .SyntaxError: /],
  ];
  for (const [what, name, text] of broken) {
    writeFileSync(join(folder, name), text);
    asks(what, vectors, '--kernel', `${join(folder, name)}:f`);
  }
  // a gate of this case is −∞
  const endless = cases.find(({ operator }) => operator.name === 'mamba3')!;
  const finite = join(folder, 'answers-finite');
  writeAnswers(finite, cases, (one) => (one === endless ? new Map() : rightAnswer(one)));
  asks('finite inputs only', vectors, '--answers', finite, '--finite');
  asks('infinite inputs only', vectors, '--answers', finite, '--finite', '--operator', 'mamba3');

  const [file, manifest] = [fileName(scan), 'manifest.json'];
  const edited = (from: string | RegExp, to: string) => (bytes: Buffer) => {
    const text = bytes.toString();
    expect(text).toMatch(from);
    return text.replace(from, to);
  };
  const damages: readonly [string, (bytes: Buffer) => Uint8Array | string][] = [
    [file, (bytes) => bytes.fill(7, bytes.length - 1)],
    [file, (bytes) => bytes.subarray(0, 100)],
    [file, () => ''],
    [manifest, (bytes) => bytes.subarray(0, 300)],
    [manifest, () => '[]'],
    [manifest, edited('"cases":[', '"others":[')],
    [manifest, edited('vectors-manifest', 'another')],
    [manifest, edited(/"sha256":"./, '"sha256":"g')],
    [manifest, edited('"operator":"linearScan"', '"operator":"gate"')],
    [manifest, edited('out/output', 'out/outputs')],
    [manifest, edited(/"file":"[^"]*"/, '"file":"../x.safetensors"')],
    [manifest, edited(/"settings":\{\}/, '"settings":{"chunkSize":2}')],
    ['more.safetensors', () => ''],
  ];
  for (const [i, [name, change]] of damages.entries()) {
    const copy = join(folder, `damaged-${i}`);
    cpSync(vectors, copy, { recursive: true });
    const before = name.startsWith('more') ? Buffer.alloc(0) : readFileSync(join(copy, name));
    writeFileSync(join(copy, name), change(before));
    asks(`damage ${i}`, copy);
  }

  const run = spawnSync(python, ['-c', driver, join(root, 'adapters/vectors')], {
    input: JSON.stringify([...asked.values()]),
    encoding: 'utf8',
  });
  const answered: readonly Said[] = run.status === 0 ? JSON.parse(run.stdout) : [];
  const said = (what: string): Said => answered[[...asked.keys()].indexOf(what)]!;

  it('runs', () => {
    expect([run.stderr, answered.length]).toEqual(['', asked.size]);
    expect(Math.min(...cases.map(({ catches }) => catches.length))).toBeGreaterThan(0);
  });

  it.each([0, 1, 2])('accepts right implementations at usual profile %s', (nth) => {
    const { status, stdout, stderr } = said(`profile ${nth}`);
    expect([status, stderr, stdout]).toEqual([0, '', expect.stringMatching(/^PASS: 4 of 4 cases right/)]);
  });

  it('rejects each fault that a case is said to catch', () => {
    for (let n = 0; n < most; n++)
      expect(said(`fault ${n}`)).toMatchObject({ status: 1, stdout: expect.stringContaining('FAIL: 0 of 4 cases') });
    expect(most).toBeGreaterThan(8);
  });

  it.each(changes)('rejects %s', (what, _change, says) => {
    const { status, stdout } = said(what);
    expect([status, stdout]).toEqual([1, expect.stringContaining(says)]);
    expect(stdout).toContain('FAIL: 3 of 4 cases right');
  });

  it('rejects a case without an answer, and an answer to no case', () => {
    expect(said('answers to one case')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('FAIL: 1 of 4 cases right'),
    });
    expect(said('an answer to no case')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the answer other.safetensors to no case'),
    });
  });

  it('compares a function, which gets the numbers of the case in its type', () => {
    expect(said('a right function')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^PASS: 1 of 1/) });
    expect(said('a function that writes into its inputs')).toMatchObject({ status: 0 });
    expect(said('a wrong function')).toMatchObject({ status: 1, stdout: expect.stringContaining('numbers of it are') });
    expect(said('a function without gradients')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('grad/a is missing'),
    });
    expect(said('outputs only')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('GRADIENTS WERE NOT COMPARED'),
    });
    expect(said('no function')).toMatchObject({ status: 2, stderr: expect.stringContaining('has no function none') });
  });

  it('rejects a function that raises what is no Exception', () => {
    expect(said('a function that skips')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/the kernel failed: .*Skipped: not today.*FAIL: 0 of 1/s),
    });
  });

  it('rejects a function that ends the process, and files that cannot be loaded, in one sentence', () => {
    expect(said('a function that ends the process')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/the kernel failed: .*SystemExit: 0.*FAIL: 0 of 1/s),
    });
    for (const [what, , , says] of broken) {
      const { status, stdout, stderr } = said(what);
      expect([what, status, stdout, stderr]).toEqual([what, 2, '', expect.stringMatching(/^densessm_vectors: .+\n$/)]);
      expect(stderr).toMatch(says);
    }
  });

  it('leaves out gradients where that is asked for, and still rejects what no case has', () => {
    expect(said('outputs only, with gradients')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^PASS: 1/),
    });
    expect(said('outputs only, with one too many')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('out/more was not asked for'),
    });
  });

  it('counts the numbers that may be anything apart', () => {
    const bounds = cases.map(({ accepted }) => Object.values(accepted.tensors).flatMap((one) => [...one.bounds]));
    const finite = bounds.flat().filter((bound) => bound < Number.POSITIVE_INFINITY);
    const free = bounds.flat().length - finite.length;
    expect(free).toBeGreaterThan(0);
    expect(said('profile 0').stdout).toContain(`, ${finite.length} numbers, and ${free} that may be anything.`);
  });

  it('leaves out infinite inputs where that is asked for, and says so', () => {
    expect(said('finite inputs only')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^PASS: 3 of 3 cases right, .* 1 CASES WITH INFINITE INPUTS WERE LEFT OUT\.\n$/),
    });
    expect(said('infinite inputs only')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('leave --finite'),
    });
  });

  it('says in one sentence what is wrong with damaged files', () => {
    const odd = damages
      .map((_, i) => said(`damage ${i}`))
      .filter(
        ({ status, stdout, stderr }) => status !== 2 || stdout !== '' || !/^densessm_vectors: .+\n$/.test(stderr),
      );
    expect(odd).toEqual([]);
  });
});
