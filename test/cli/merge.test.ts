/** @file Shards of check, verify and equations: together they ask the cases of one run, each once, and merge gives its report. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { verdict } from '../../src/cli/verdict.ts';
import { everyMode } from '../../src/oracle/verify.ts';
import { densessm, densessmHere, densessmIn } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-merge-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

/** A scan that ignores its state in the mode `scan`, and a right combination. */
const kernels = `const linearScan = { modes: ['recurrent', 'scan'], dtypes: ['F32', 'F64'], run: ({ a, b, state }, _, mode) => {
  const [n, t, c] = a.shape;
  const out = { shape: a.shape, data: new Float64Array(n * t * c) };
  const h = mode === 'scan' ? new Float64Array(n * c) : Float64Array.from(state.data);
  for (let i = 0; i < n; i++) for (let k = 0; k < t; k++) for (let j = 0; j < c; j++)
    out.data[(i * t + k) * c + j] = h[i * c + j] = a.data[(i * t + k) * c + j] * h[i * c + j] + b.data[(i * t + k) * c + j];
  return { output: out, state: { shape: state.shape, data: h } };
} };
export default { name: 'half right', operators: { linearScan } };`;

/** A document without the times in it. */
const withoutTimes = (text: string): unknown =>
  JSON.parse(text, (name, value) => (['timing', 'milliseconds'].includes(name) ? undefined : value));

interface Row {
  readonly operator: string;
  readonly mode: string;
  readonly dtype: string;
  readonly judged?: readonly { readonly replay: { readonly seed: number; readonly path: string } }[];
}

/** The judged cases of a report, each by its row, seed and path. */
const casesOf = (text: string): string[] =>
  (JSON.parse(text).rows as Row[]).flatMap(({ operator, mode, dtype, judged = [] }) =>
    judged.map(({ replay }) => [operator, mode, dtype, replay.seed, replay.path].join(' ')),
  );

describe('shards', { timeout: 120_000 }, () => {
  const module = write('kernels.mjs', kernels);
  const entry = (mode: string) =>
    `[[accepted]]\noperator = "linearScan"\nmode = "${mode}"\ntype = "*"\ntensors = ["out/output", "out/state"]\nexplanation = "any"\nreason = "a test"\nexpires = "never"\n`;
  const accepted = write('accepted.toml', `${entry('logStep')}${entry('recurrent')}`);
  const check = ['check', '--module', module, '--cases', '3', '--longest', '5', '--keep-going', '--accept', accepted];

  it('of a check ask each case of one run once, and make its report, even if one has no row', async () => {
    const n = 5;
    const whole = densessm(...check, '--json');
    const parts = Array.from({ length: n }, (_, i) => densessm(...check, '--json', '--shard', `${i + 1}/${n}`));
    const cases = parts.flatMap(({ stdout }) => casesOf(stdout));
    expect(cases).toHaveLength(12);
    expect(cases.toSorted()).toEqual(casesOf(whole.stdout).toSorted());
    expect(new Set(cases).size).toBe(cases.length);
    expect(parts[4]).toMatchObject({ status: 0 });
    // the entries of accepted failures are judged where all rows are known
    expect(JSON.parse(whole.stdout).wrongEntries).toHaveLength(2);
    expect(JSON.parse(parts[0]!.stdout).wrongEntries).toEqual([]);
    const files = parts.map(({ stdout }, i) => write(`check-${i}.json`, stdout));
    const merged = await densessmHere('merge', ...files.toReversed(), '--json');
    expect({ ...merged, stdout: withoutTimes(merged.stdout) }).toEqual({
      ...whole,
      stdout: withoutTimes(whole.stdout),
    });
    const { status, stdout } = await densessmHere('merge', ...files);
    expect(status).toBe(1);
    expect(stdout).toContain('half right: 3 cases a row, seed 1; 5 shards.\n');
    expect(stdout).toMatch(/^linearScan +scan +F32 +FAIL/m);
    expect(stdout).toContain(`densessm check --module "${module}" --cases 3`);
    expect(stdout).toMatch(/FAIL: 2 of 4 rows right on 12 cases, .*2 accepted failures to correct, see above\n$/);
  });

  it('of equations make the list of the whole', async () => {
    const equations = ['equations', '--operator', 'gate', 'linearScan', 'discretise', '--cases', '4'];
    const whole = await densessmHere(...equations, '--json');
    const files: string[] = [];
    for (const shard of ['1/3', '2/3', '3/3'])
      files.push(
        write(`of-${files.length}.json`, (await densessmHere(...equations, '--json', '--shard', shard)).stdout),
      );
    expect(await densessmHere('merge', ...files, '--json')).toEqual(whole);
    expect((await densessmHere('merge', ...files)).stdout).toMatch(/^\d of \d+ equations, /m);
    const [first, ...others] = files;
    const changed = (change: object) =>
      write('changed.json', JSON.stringify({ ...JSON.parse(readFileSync(first!, 'utf8')), ...change }));
    const lacking = await densessmHere('merge', changed({ ok: false, problems: ['a law is missing'] }), ...others);
    expect(lacking).toMatchObject({ status: 1, stdout: expect.stringContaining('a law is missing\n') });
    const silent = await densessmHere('merge', changed({ ok: false }), ...others, '--json');
    expect({ status: silent.status, ok: JSON.parse(silent.stdout).ok }).toEqual({ status: 1, ok: false });
    const says = async (change: object) => {
      const { status, stderr } = await densessmHere('merge', changed(change), ...others);
      return `${status} ${stderr}`;
    };
    expect(await says({ operators: [] })).toMatch(/^2 .*merge: \w+ is in no shard/);
    expect(await says({ equations: [], operators: [] })).toMatch(/^2 .* is in no shard/);
    expect(await says({ operators: [{ operator: 'gate' }] })).toMatch(/^2 .*#\/operators\/0.*it is damaged/);
    expect(await says({ problems: {} })).toMatch(/^2 .*#\/problems.*it is damaged/);
    expect(await says({ shard: 3 })).toMatch(/^2 .*#\/shard.*it is damaged/);
  });

  it('of verify have each operator in each mode once, and the vectors', async () => {
    const files = ['1/2', '2/2'].map((shard, i) =>
      write(
        `verify-${i}.json`,
        densessm('verify', '--cases', '1', '--longest', '2', '--json', '--shard', shard).stdout,
      ),
    );
    const { status, stdout } = await densessmHere('merge', ...files, '--json');
    const { ok, rows, vectors } = JSON.parse(stdout) as { ok: boolean; rows: Row[]; vectors: { cases: unknown[] } };
    expect({ status, ok }).toEqual({ status: 0, ok: true });
    expect(rows.map((row) => `${row.operator} ${row.mode}`)).toEqual(
      everyMode().map(({ operator, mode }) => `${operator.name} ${mode}`),
    );
    const first = JSON.parse(readFileSync(files[0]!, 'utf8'));
    expect(vectors).toEqual(first.vectors);
    expect(vectors.cases.length).toBeGreaterThan(0);
    expect((await densessmHere('merge', ...files)).stdout).toMatch(/ALL RIGHT: (\d+) of \1 rows right/);
    // shards judge themselves, and rows may not be lost
    const changed = (change: object) => write('changed.json', JSON.stringify({ ...first, ...change }));
    const wrong = await densessmHere('merge', changed({ ok: false }), files[1]!);
    expect(wrong).toMatchObject({ status: 1, stdout: expect.stringContaining('NOT ALL RIGHT') });
    const lost = await densessmHere('merge', changed({ rows: [] }), files[1]!);
    expect(lost).toMatchObject({ status: 2, stderr: expect.stringContaining(' is in no shard') });
    const twice = await densessmHere('merge', changed({ rows: [...first.rows, first.rows[0]] }), files[1]!);
    expect(twice).toMatchObject({ status: 2, stderr: expect.stringContaining(' is in the shards twice') });
  });

  it('of verify have the operators that were asked for, without the vectors', async () => {
    const asked = (shard: string, ...more: string[]) =>
      densessm(
        'verify',
        '--operator',
        'linearScan',
        'gate',
        '--cases',
        '2',
        '--longest',
        '4',
        '--shard',
        shard,
        ...more,
      );
    const files = ['1/2', '2/2'].map((shard, i) => write(`two-${i}.json`, asked(shard, '--json').stdout));
    const { ok, operators, rows, vectors } = JSON.parse((await densessmHere('merge', ...files, '--json')).stdout);
    const names = (rows as Row[]).map(({ operator, mode }) => `${operator} ${mode}`);
    expect(names).toEqual([
      'gate whole',
      'gate tokenwise',
      ...['recurrent', 'scan', 'logStep'].map((m) => `linearScan ${m}`),
    ]);
    expect({ ok, operators, cases: vectors.cases }).toEqual({ ok: true, operators: ['gate', 'linearScan'], cases: [] });
    expect((await densessmHere('merge', ...files)).stdout).toMatch(/ALL RIGHT: 5 of 5 rows .*; vectors not compared/);
    expect(asked('3/3')).toMatchObject({ status: 0, stdout: expect.stringContaining('NOTHING was compared') });
  });

  it('of a check are refused where machines offered different rows, or a row is missing or twice', async () => {
    const more = write('more.mjs', kernels.replace("['F32', 'F64']", "process.env.MORE ? ['F32', 'F64'] : ['F32']"));
    const asked = ['check', '--module', more, '--operator', 'linearScan', '--cases', '1', '--longest', '2', '--json'];
    const part = (env: NodeJS.ProcessEnv, shard: string): Record<string, unknown> & { rows: unknown[] } =>
      JSON.parse(densessmIn(env)(...asked, '--shard', shard).stdout);
    const [one, two, other] = [part({}, '1/2'), part({}, '2/2'), part({ MORE: '1' }, '2/2')];
    const merged = (...documents: readonly object[]) =>
      densessmHere('merge', ...documents.map((document, i) => write(`own-${i}.json`, JSON.stringify(document))));
    expect((await merged(one, two)).stdout).toContain('1 of 2 rows right');
    const without = (more: object) => ({ ...one, rows: [{ ...(one.rows[0] as object), ...more }] });
    const { offered: _, ...shard } = one.shard as Record<string, unknown>;
    const refusals = [
      one,
      { ...one, rows: [] },
      { ...one, rows: [...one.rows, one.rows[0]] },
      without({ finding: { kind: 'wrong' } }),
      without({ worst: 'much' }),
      { ...one, shard },
    ];
    const says = [
      'its backend offers linearScan recurrent F64',
      'is in no shard',
      'is in the shards twice',
      'it is not as densessm writes it, at #/rows/0/finding',
      'it is not as densessm writes it, at #/rows/0/worst',
      'does not say which rows were on offer',
    ];
    for (const [at, first] of refusals.entries()) {
      const { status, stderr } = await merged(first, at === 0 ? other : two);
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(says[at]!) });
    }
  });

  it.each<[string, (files: readonly string[]) => readonly string[], string]>([
    ['one is missing', ([a]) => [a!], 'merge: shard 2 of 2 is missing'],
    ['one comes twice', ([a]) => [a!, a!], 'is shard 1 of 2, as'],
    ['one is of another seed', ([a, , b]) => [a!, b!], 'all options must be equal'],
    ['one is of another number of shards', ([a, , , b]) => [a!, b!], 'join those of one run'],
    ['one is a whole', ([a, , , , b]) => [a!, b!], 'not a shard of one; there is nothing to join'],
    ['one is damaged', ([a, , , , , b]) => [a!, b!], 'it is damaged, write it again'],
    ['one is of another version', ([a, , , , , , b]) => [a!, b!], 'is of densessm 0.0.1, and this is'],
    ['a plot is asked for', ([a, b]) => [a!, b!, '--svg', 'x.svg'], '--of and --svg are of a grid of runs'],
  ])('are refused where %s', async (_, of, says) => {
    const equations = ['equations', '--operator', 'gate', 'realCombine', '--cases', '1', '--json'];
    const calls = [['1/2'], ['2/2'], ['2/2', '--seed', '2'], ['3/3']].map((more) => ['--shard', ...more]);
    const files: string[] = [];
    for (const more of [...calls, []])
      files.push(write(`${files.length}.json`, (await densessmHere(...equations, ...more)).stdout));
    const { equations: __, ...damaged } = JSON.parse(readFileSync(files[1]!, 'utf8'));
    files.push(write('damaged.json', JSON.stringify(damaged)));
    const { shard, ...rest } = JSON.parse(readFileSync(files[1]!, 'utf8'));
    files.push(write('other.json', JSON.stringify({ ...rest, shard: { ...shard, densessm: '0.0.1' } })));
    const { status, stderr } = await densessmHere('merge', ...of(files));
    expect(status).toBe(2);
    expect(stderr).toContain(says);
  });

  it('of a check without a row pass nothing', () => {
    const empty = { ok: true, backend: 'one', rows: [], wrongEntries: [], problems: [] };
    expect(verdict(empty, () => 'it offers one')).toMatch(/NOTHING.* was compared: no row on offer is of this shard$/);
  });

  it('are refused of named equations, and where i is beyond n', async () => {
    expect((await densessmHere('equations', '10', '--shard', '1/2')).stderr).toContain(
      '--shard is a part of the whole list',
    );
    expect((await densessmHere('verify', '--shard', '3/2')).stderr).toContain('It is I/N with I from 1 to N.');
  });
});
