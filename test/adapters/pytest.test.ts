/** @file The plugin of pytest: a test for each row, which passes, fails with its report, or is skipped; and what it refuses. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundled } from '../support/bundled.ts';
import { root } from '../support/root.ts';

const program = await bundled('src/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'densessm-pytest-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PYTHONPATH = join(root, 'adapters/python');
const backend = (name: string): string => `/usr/bin/python3 ${join(PYTHONPATH, name)}`;

/** Runs pytest with the plugin, in an empty folder. */
function pytest(command: string, options: string, ...more: string[]) {
  const own = ['-p', 'densessm_pytest', '-p', 'no:cacheprovider', '-v', '--densessm', command];
  const words = ['-m', 'pytest', ...own, `--densessm-options=${options}`, ...more];
  const densessm = `--densessm-command=${process.execPath} ${program}`;
  const env = { ...process.env, PYTHONPATH, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [...words, densessm], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, text: `${stdout}${stderr}` };
}

describe('the plugin of pytest', { timeout: 120_000 }, () => {
  const few = '--operator linearScan --cases 3 --longest 5';

  it('has a test for each row, which -k selects', () => {
    const { status, text } = pytest(backend('my_kernel.py'), few, '-k', 'F32');
    expect(text).toContain('densessm::linearScan[recurrent-F32] PASSED');
    expect(text).toContain('1 passed, 1 deselected');
    expect(status).toBe(0);
  });

  it('fails with the report of the row', () => {
    const { status, text } = pytest(backend('broken_kernel.py'), `${few} --dtype F32`);
    expect(text).toContain('densessm::linearScan[recurrent-F32] FAILED');
    expect(text).toContain('to ask it again:');
    expect(text).not.toContain('Traceback');
    expect(status).toBe(1);
  });

  it('fails where no row was compared, as the check does', () => {
    const path = join(folder, 'never.py');
    const own = readFileSync(join(PYTHONPATH, 'my_kernel.py'), 'utf8');
    const domain = "modes=['recurrent'], domain=dict(axes=dict(t=dict(multipleOf=100000)))";
    writeFileSync(path, own.replace("modes=['recurrent']", domain));
    const { status, text } = pytest(`/usr/bin/python3 ${path}`, `${few} --dtype F32`);
    expect(text).toContain('densessm::linearScan[recurrent-F32] FAILED');
    expect(text).toContain('no case is in its domain');
    expect(text).not.toContain('check[whole]');
    expect(status).toBe(1);
  });

  it('refuses an empty command, as of a variable that is not set', () => {
    const { status, text } = pytest('', few);
    expect(text).toContain('densessm checked nothing: ');
    expect(status).toBe(4);
  });

  it('says what densessm says where it checks nothing', () => {
    const { status, text } = pytest(backend('my_kernel.py'), '--operator linearScam');
    expect(text).toContain('densessm checked nothing: ');
    expect(text).toContain('Did you mean linearScan?');
    expect(status).toBe(4);
  });
});
