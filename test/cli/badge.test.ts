/** @file Badges: they say what was found and no more, are known when edited, and are replayed without running a command of the file. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BadgeData, badgeData, badgeIn, badgeSays, badgeText, sealed } from '../../src/cli/badge-file.ts';
import { packageVersion } from '../../src/cli/paths.ts';
import type { CheckRow } from '../../src/oracle/check/row.ts';
import { hostile, report } from '../support/sample-report.ts';
import { densessmHere, program } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-badge-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

const asked = {
  densessm: packageVersion(),
  command: 'npx densessm check',
  options: ['--backend', 'python3 mine.py', '--sizes', 'small', '--cases', '3', '--seed', '1'],
  cases: 3,
  seed: 1,
  accepted: [],
  isNarrowed: false,
};

/** The options as check says them of itself. */
const whole = [...asked.options, '--compile-limit', '600', '--total', '900'];

/** A badge of rows with these statuses of outputs and gradients. */
const badgeOf = (statuses: readonly (readonly [CheckRow['outputs'], CheckRow['gradients']])[], more = {}): BadgeData =>
  badgeData(
    {
      ...report,
      rows: statuses.map(([outputs, gradients]) => ({
        ...report.rows[0]!,
        ...{ outputs, gradients, finding: null, unsupported: outputs === 'UNSUPPORTED' ? 2 : 0 },
      })),
      ...more,
    },
    asked,
  );

describe('a badge', () => {
  const entry = {
    operator: 'gate',
    mode: '*',
    dtype: '*',
    tensors: [],
    explanation: 'any',
    reason: 'r',
    expires: 'never',
  };

  it.each<[string, Parameters<typeof badgeOf>, string]>([
    [
      'all right',
      [
        [
          ['PASS', 'PASS'],
          ['PASS', 'PASS'],
        ],
      ],
      '2 rows × 3 cases · PASS',
    ],
    ['forward alone', [[['PASS', 'UNCHECKED']]], '1 row × 3 cases · PASS, 1 without all gradients'],
    [
      'accepted',
      [
        [
          ['PASS', 'PASS'],
          ['ACCEPTED', 'PASS'],
        ],
      ],
      '2 rows × 3 cases · 1 ACCEPTED',
    ],
    ['gradients accepted', [[['PASS', 'ACCEPTED']]], '1 row × 3 cases · 1 ACCEPTED'],
    [
      'cut off',
      [
        [
          ['PASS', 'PASS'],
          ['UNCHECKED', 'UNCHECKED'],
        ],
      ],
      '2 rows × 3 cases · 1 UNCHECKED',
    ],
    [
      'declined',
      [
        [
          ['PASS', 'PASS'],
          ['UNSUPPORTED', 'UNSUPPORTED'],
        ],
      ],
      '2 rows × 3 cases · 1 declined',
    ],
    [
      'all of it',
      [
        [
          ['FAIL', 'PASS'],
          ['ACCEPTED', 'PASS'],
          ['UNCHECKED', 'UNCHECKED'],
        ],
      ],
      '3 rows × 3 cases · 1 FAIL, 1 ACCEPTED, 1 UNCHECKED',
    ],
    ['a wrong gradient', [[['PASS', 'FAIL']]], '1 row × 3 cases · 1 FAIL'],
    ['nothing', [[]], '0 rows × 3 cases · FAIL, nothing compared'],
    ['a wrong description', [[['PASS', 'PASS']], { problems: ['x'] }], '1 row × 3 cases · FAIL, wrong description'],
    [
      'an entry that passes',
      [[['PASS', 'PASS']], { wrongEntries: [{ entry, is: 'passes' }] }],
      '1 row × 3 cases · FAIL, 1 entry to correct',
    ],
  ])('says of %s no more than was found', (_, args, says) => {
    expect(badgeSays(badgeOf(...args)).says).toBe(says);
  });

  it('is SVG without scripts or addresses, and gives its data back', () => {
    const data = badgeOf([['PASS', 'PASS']], { backend: `${hostile}\uffff\u0085` });
    const text = badgeText(data);
    expect(text).not.toMatch(/<script|href|src=|url\((?!#)|\son\w+=/i);
    expect(text.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
    expect(badgeIn(write('hostile.svg', text))).toEqual(data);
    expect(badgeIn(write('windows.svg', text.replaceAll('\n', '\r\n')))).toEqual(data);
    const open: string[] = [];
    for (const [, end, name, own] of text.matchAll(/<(\/?)([a-z]\w*)[^>]*?(\/?)>/gi)) {
      if (own === '/') continue;
      if (end === '') open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
    const label = /aria-label="([^"]*)"/.exec(text)![1];
    expect(text).toContain(`<title>${label}</title>`);
  });

  it('is refused where one character of it was changed', () => {
    const text = badgeText(
      badgeOf([
        ['PASS', 'PASS'],
        ['ACCEPTED', 'PASS'],
      ]),
    );
    for (let i = 0; i < text.length; i += 23) {
      const changed = `${text.slice(0, i)}${text[i] === '7' ? '8' : '7'}${text.slice(i + 1)}`;
      expect(() => badgeIn(write('changed.svg', changed)), `${i}`).toThrow(/badge|metadata/);
    }
  });

  it.each<[string, (data: BadgeData) => string, string]>([
    ['says PASS', (data) => badgeText(data).replaceAll('1 ACCEPTED', 'PASS'), 'does not show what its <metadata> says'],
    ['has another seed', (data) => badgeText({ ...data, seed: 2 }), 'its <metadata> was edited'],
    ['lacks its rows', ({ rows: _, ...data }) => badgeText(data as BadgeData), 'is damaged'],
    ['is of another version', (data) => badgeText({ ...data, densessm: '0.0.1' }), 'is of densessm 0.0.1, and this is'],
    ['has lost its data', (data) => badgeText(data).replace(/<metadata.*<\/metadata>/s, ''), 'has lost its <metadata>'],
    ['is cut off', (data) => badgeText(data).slice(0, 900), 'is not JSON'],
    [
      'writes files',
      (data) => badgeText(sealed({ ...data, options: [...data.options, '--html', '/tmp/x'] })),
      'has options that no check has',
    ],
    [
      'has no such option',
      (data) => badgeText(sealed({ ...data, options: ['--evil'] })),
      'has options that no check has',
    ],
    [
      'reads a file',
      (data) => badgeText(sealed({ ...data, options: [...data.options, '--accept', write('secret', 'root:x')] })),
      'has options that no check has',
    ],
    [
      'reads a file in one word',
      (data) => badgeText(sealed({ ...data, options: [...data.options, `--accept=${at('none')}`] })),
      'has options that no check has',
    ],
    ['prints the help', (data) => badgeText(sealed({ ...data, options: ['--help'] })), 'has options that no check has'],
    [
      'counts more rows',
      (data) => badgeText(sealed({ ...data, verdicts: { ...data.verdicts, PASS: 300 } })),
      'its counts are not those of its rows',
    ],
    [
      'counts rows that take others away',
      (data) => badgeText(sealed({ ...data, verdicts: { ...data.verdicts, ACCEPTED: 0, PASS: 3, FAIL: -2 } })),
      'its counts are not those of its rows',
    ],
    [
      'hides what has no gradients',
      (data) => {
        const rows = data.rows.map((row) => ({ ...row, outputs: 'PASS' as const, gradients: 'UNCHECKED' as const }));
        return badgeText(sealed({ ...data, rows, verdicts: { ...data.verdicts, ACCEPTED: 0, PASS: 1 } }));
      },
      'its counts are not those of its rows',
    ],
    [
      'has a row twice',
      (data) => {
        const verdicts = { ...data.verdicts, ACCEPTED: 2 };
        return badgeText(sealed({ ...data, rows: [...data.rows, ...data.rows], verdicts }));
      },
      'it has a row twice',
    ],
    [
      'says more cases',
      (data) => badgeText(sealed({ ...data, options: whole, cases: 1000 })),
      'its cases and seed are not those of its options',
    ],
    [
      'says another seed',
      (data) => badgeText(sealed({ ...data, options: whole, seed: 77 })),
      'its cases and seed are not those of its options',
    ],
  ])('that %s is not replayed', async (_, change, says) => {
    const file = write('edited.svg', change(badgeOf([['ACCEPTED', 'PASS']])));
    const { status, stdout, stderr } = await densessmHere('badge', '--replay', file, '--backend', 'false');
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining(says) });
  });

  it('runs no command that stands in it', async () => {
    const options = ['--backend', `touch ${at('run')}`, ...whole.slice(2)];
    const file = write('theirs.svg', badgeText(sealed({ ...badgeOf([['PASS', 'PASS']]), options })));
    const { status, stderr } = await densessmHere('badge', '--replay', file);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('a shell command that is not run'),
    });
    expect(existsSync(at('run'))).toBe(false);
  });
});

/** A scan whose mode `scan` ignores its state, unless it is mended; forward alone. */
const kernels = `const linearScan = { modes: ['recurrent', 'scan'], dtypes: ['F64'], run: ({ a, b, state }, _, mode) => {
  const [n, t, c] = a.shape;
  const out = { shape: a.shape, data: new Float64Array(n * t * c) };
  const h = mode === 'scan' ? new Float64Array(n * c) : Float64Array.from(state.data);
  for (let i = 0; i < n; i++) for (let k = 0; k < t; k++) for (let j = 0; j < c; j++)
    out.data[(i * t + k) * c + j] = h[i * c + j] = a.data[(i * t + k) * c + j] * h[i * c + j] + b.data[(i * t + k) * c + j];
  return { output: out, state: { shape: state.shape, data: h } };
} };
export default { name: 'half right', operators: { linearScan } };`;

describe('a badge of a check', { timeout: 120_000 }, () => {
  const host = (module: string): string => `'${process.execPath}' '${program}' host '${module}'`;
  const backend = host(write('kernels.mjs', kernels));
  const accepted = `[[accepted]]\noperator = "linearScan"\nmode = "scan"\ntype = "F64"\ntensors = ["out/output", "out/state"]\nexplanation = "any"\nreason = "a test"\nexpires = "never"\n`;
  const [json, svg] = [at('report.json'), at('badge.svg')];

  beforeAll(async () => {
    const check = ['check', '--backend', backend, '--operator', 'linearScan', '--cases', '3', '--longest', '5'];
    const entries = write('accepted.toml', accepted);
    const { stdout } = await densessmHere(...check, '--accept', entries, '--json');
    write('report.json', stdout);
    rmSync(entries);
  }, 120_000);

  it('is written to a file, to standard output, and as JSON, and replaces a badge alone', async () => {
    const says = '2 rows × 3 cases · 1 ACCEPTED, 1 without all gradients';
    expect(await densessmHere('badge', json, '--out', svg)).toEqual({
      status: 0,
      stdout: `${svg}: ${says}\n`,
      stderr: '',
    });
    expect((await densessmHere('badge', json)).stdout).toBe(readFileSync(svg, 'utf8'));
    expect(JSON.parse((await densessmHere('badge', json, '--json')).stdout)).toMatchObject({ file: null, says });
    expect((await densessmHere('badge', json, '--out', svg, '--quiet')).stdout).toBe('');
    expect((await densessmHere('badge', json, '--out', json)).stderr).toContain('nothing else is overwritten');
  });

  it('is equal where the same is asked again, accepted failures too, and says first what it runs', async () => {
    const { status, stdout } = await densessmHere('badge', '--replay', svg, '--backend', backend);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^asks again: npx densessm check --backend '.* host .*' --operator linearScan --sizes small --cases 3/,
    );
    expect(lines[1]).toContain('It runs that shell command, as you gave it');
    expect(lines.at(-2)).toMatch(/^EQUAL: the badge says 2 rows/);
    expect(status).toBe(0);
  });

  it('names the rows that differ, and entries that pass', async () => {
    const mended = kernels.replace("mode === 'scan' ? new Float64Array(n * c) : ", '').replace("'F64'", "'F32', 'F64'");
    const { status, stdout } = await densessmHere(
      'badge',
      '--replay',
      svg,
      '--backend',
      host(write('mended.mjs', mended)),
      '--json',
    );
    expect(status).toBe(1);
    const { ok, differs, says } = JSON.parse(stdout) as { ok: boolean; differs: string[]; says: string };
    expect({ ok, says }).toEqual({
      ok: false,
      says: '4 rows × 3 cases · FAIL, 4 without all gradients, 1 entry to correct',
    });
    expect(differs.map((text) => text.slice(0, 40))).toEqual([
      'linearScan scan F64: outputs PASS, gradi',
      'linearScan recurrent F32: outputs PASS, ',
      'linearScan scan F32: outputs PASS, gradi',
      'accepted failures to correct: linearScan',
    ]);
  });
});
