import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { densessm } from './run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'densessm-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Writes a module. Returns its path. */
const moduleOf = (text: string): string => {
  const path = join(scratch, `kernel's ${Math.random()}.mjs`);
  writeFileSync(path, text);
  return path;
};

/** A module with a linear scan whose body is given. */
const scanning = (body: string): string =>
  moduleOf(
    `export default { name: 'mine', operators: { linearScan: { modes: ['recurrent'], run({ a, b, state }) { ${body} } } } };`,
  );

describe('check --module', { timeout: 60_000 }, () => {
  it('asks kernels in TypeScript', () => {
    const { status, stdout } = densessm('check', '--module', 'examples/kernels.ts', '--cases', '10', '--quiet');
    expect(stdout).toMatch(/^PASS: 1 of 1 rows right on 10 cases, gradients of 1 unchecked; /);
    expect(status).toBe(0);
  });

  it('tells the time of a case with --timing: of each row, and of all', () => {
    const body = 'const h = b.data.map((x, i) => x + a.data[i] * state.data[0])';
    const path = moduleOf(`export default { name: 'mine', operators: { linearScan: {
      modes: ['recurrent'], dtypes: ['F32', 'F64'], domain: { axes: { b: [1], t: [1], n: [1] } },
      run({ a, b, state }) { ${body}; return { output: { ...b, data: h }, state: { ...state, data: h } }; } } } };`);
    const { stdout } = densessm('check', '--module', path, '--cases', '5', '--timing');
    const [rows, all] = [/ F(32|64)( +\d+ [µm]?s){4} +\d+ cases\/s/g, /^all( +\d+ [µm]?s){4} +(\d+) cases\/s/m];
    expect(stdout.match(rows)).toHaveLength(2);
    expect(Number(all.exec(stdout)?.[2])).toBeGreaterThan(0);
  });

  it('finds faults, which the printed command repeats, and survives prints and hangs', () => {
    const asked = (body: string, ...more: string[]) => {
      const path = scanning(body);
      const args = ['check', '--module', path, '--cases', '4', '--longest', '5', ...more];
      return { path, ...densessm(...args) };
    };
    const wrong = asked("console.log('printed'); return { output: b, state };");
    expect(wrong.status).toBe(1);
    const [, path] = /--operator linearScan --mode recurrent --dtype F32 --seed 1 --path ([\d:]+)/.exec(wrong.stdout)!;
    expect(wrong.stdout).toContain(`npx densessm check --module ${JSON.stringify(wrong.path)} --cases 4`);
    const again = densessm('check', '--module', wrong.path, '--cases', '4', '--longest', '5', '--path', path!);
    expect(again.stdout).toContain('FAIL linearScan recurrent F32: out/');
    const { failures } = JSON.parse(asked('return { output: b, state };', '--dtype', 'F32', '--json').stdout);
    expect(failures).toEqual([
      { operator: 'linearScan', mode: 'recurrent', dtype: 'F32', alike: [], failsAlone: true },
    ]);
    const refused = asked("throw Object.assign(new Error('no'), { name: 'Unsupported' });").stdout;
    expect(refused).toMatch(/ F32 {3}UNSUPPORTED {16}0 /);
    expect(asked('for (;;);', '--limit', '1', '--total', '6').stdout).toContain('did not answer');
  });

  it('asks TypeScript in a package of CommonJS files, and prints a thrown error once, with the frames of the kernel', () => {
    const folder = mkdtempSync(join(scratch, 'commonjs-'));
    writeFileSync(join(folder, 'package.json'), '{"type": "commonjs"}');
    const path = join(folder, 'kernels.ts');
    const run = "run({ b }: any) { throw new Error('boo ' + b.shape); }";
    writeFileSync(
      path,
      `export default { name: 'mine', operators: { linearScan: { modes: ['recurrent'], ${run} } } };`,
    );
    const { status, stdout } = densessm('check', '--module', path, '--cases', '4', '--longest', '5');
    expect(status).toBe(1);
    expect(stdout.match(/\| Error: boo [\d,]+\n {4}\| {5}at .*kernels\.ts/g)).toHaveLength(1);
    expect(stdout).not.toContain('replyOf');
  });

  it('refuses what is no module of kernels in one message', () => {
    const refusal = (path: string) => {
      const { status, stderr } = densessm('check', '--module', path);
      expect(status).toBe(2);
      return stderr;
    };
    expect(refusal('missing.ts')).toContain('check: there is no file missing.ts');
    expect(refusal(moduleOf('export default 3'))).toContain('has no kernels as its default export');
    expect(refusal(moduleOf('export default {{'))).toContain('cannot be loaded: SyntaxError');
  });
});
