/** @file The commands ablate and merge: what they print, and that shards make the table of the whole. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { densessmHere, program } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-ablate-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const text = at('roses.txt');
writeFileSync(text, 'a rose is a rose is a rose; '.repeat(12));
const sizes = ['--width', '16', '--layers', '1', '--heads', '2', '--batch', '2', '--length', '8', '--on', 'f64'];
const grid = [text, ...sizes, '--steps', '2', '--vary', 'rate=0.001,0.01', '--seeds', '2'];
const ablate = (...args: string[]) => densessmHere('ablate', ...grid, ...args);

describe('densessm ablate', { timeout: 60_000 }, () => {
  it('trains each cell with each seed, and prints one table and one plot', async () => {
    const { status, stdout } = await ablate('--out', at('first'));
    expect(status).toBe(0);
    expect(stdout).toContain('roses.txt: 2 cells, 2 seeds, 2 steps and 32 tokens a run\n');
    expect(stdout).toMatch(/^0.01 +16 +\d+ +\+0.0 %$/m);
    expect(stdout).toMatch(/^4\/4 {2}rate=0.01,seed=2: validation \d\.\d{4}, \d+ s$/m);
    expect(stdout).toMatch(/^0.001 +16 +\d+ +2 +\d\.\d{4} +\d\.\d{4} +- +- +- +-$/m);
    expect(stdout).toMatch(
      /^0.01 +16 +\d+ +2 +\d\.\d{4} +\d\.\d{4} +[+-]\d\.\d{4} +-?\d+\.\d\d +0\.\d{4} +[012] of 2$/m,
    );
    expect(stdout).toMatch(/first: 4 of 4 runs complete\n$/);
    const svg = readFileSync(at('first/curves.svg'), 'utf8');
    expect(svg.match(/<polyline/g)).toHaveLength(6);
    expect(svg).toContain('rate=0.01: mean (strong), each seed (pale)');
  });

  it('prints the table of the whole from shards, as JSON and from folders', async () => {
    const whole = await ablate('--out', at('whole'), '--json');
    for (const i of [1, 2, 3]) {
      const { status, stdout } = await ablate('--out', at(`shard-${i}`), '--shard', `${i}/3`, '--json');
      expect(status).toBe(0);
      writeFileSync(at(`${i}.json`), stdout);
    }
    const merged = await densessmHere('merge', at('1.json'), at('shard-2'), at('3.json'), '--json');
    expect(merged).toEqual(whole);
    expect(JSON.parse(merged.stdout)).toMatchObject({ schema: 'densessm/ablation', version: 1, ok: true, missing: [] });
    const lost = await densessmHere('merge', at('shard-1'), '--json', '--svg', at('nodir/x.svg'));
    expect(lost.status).toBe(2);
    const { ok, error, rows } = JSON.parse(lost.stdout);
    expect({ ok, error }).toEqual({ ok: false, error: expect.stringContaining('its folder does not exist') });
    expect(rows).toHaveLength(2);
    expect(lost.stderr).toContain(error);
    const part = await densessmHere('merge', at('1.json'), at('2.json'));
    expect(part.status).toBe(1);
    expect(part.stdout).toContain('no result yet: rate=0.001,seed=2');
  });

  it('says before it trains that a plot cannot be written', async () => {
    for (const [svg, says] of [
      [text, 'roses.txt: is no plot of densessm'],
      [at('nodir/x.svg'), 'its folder does not exist'],
    ] as const) {
      const { status, stderr } = await ablate('--out', at('unplotted'), '--svg', svg);
      expect(status).toBe(2);
      expect(stderr).toContain(says);
      expect(existsSync(at('unplotted'))).toBe(false);
    }
    // the folder of the grid is made for it
    const { status } = await ablate('--out', at('plotted'), '--seeds', '1', '--svg', at('plotted/losses.svg'));
    expect(status).toBe(0);
    expect(existsSync(at('plotted/losses.svg'))).toBe(true);
  });

  it('prints the table before a plot that cannot be written', async () => {
    const { status, stdout } = await densessmHere('merge', at('first'), '--svg', text);
    expect(status).toBe(2);
    expect(stdout).toMatch(/^0.01 +16 /m);
  });

  it('goes on after a run that fails, and says which', async () => {
    await ablate('--out', at('failing'), '--seeds', '1');
    mkdirSync(at('failing/rate=0.001,seed=2'));
    writeFileSync(at('failing/rate=0.001,seed=2/notes'), 'mine');
    const { status, stdout } = await ablate('--out', at('failing'));
    expect(status).toBe(1);
    expect(stdout).toMatch(/^failed {2}rate=0.001,seed=2: .* is not empty/m);
    expect(stdout).toContain('failing: 3 of 4 runs complete; the same command with --out continues\n');
  });

  it('leaves no folder where the executor does not run here', async () => {
    const { status } = await ablate('--out', at('no-executor'), '--seeds', '1', '--steps', '1', '--on', 'webgpu');
    // where there is a card, it trains
    expect(existsSync(at('no-executor'))).toBe(status === 0);
  });

  it('joins settings by name with those of a file', async () => {
    writeFileSync(at('grid-settings.json'), JSON.stringify({ readings: { gate: 'shared', fusion: 'add' } }));
    const given = ['--config', at('grid-settings.json'), '--reading', 'gate=perLayer', '--plan', '--json'];
    const { grid } = JSON.parse((await ablate(...given)).stdout);
    expect(grid.fixed.readings).toEqual({ gate: 'perLayer', fusion: 'add' });
  });

  it('takes its own options from a file, and those that are by name join', async () => {
    const file = { out: at('filed'), seeds: 2, vary: { rate: [0.001, 0.01] }, of: 'loss', svg: at('filed.svg') };
    writeFileSync(at('grid.json'), JSON.stringify(file));
    const run = (...args: string[]) =>
      densessmHere('ablate', text, ...sizes, '--steps', '1', '--config', at('grid.json'), ...args);
    const { cells, grid } = JSON.parse((await run('--vary', 'beta2=0.9,0.95', '--plan', '--json')).stdout);
    expect(cells).toHaveLength(4);
    expect(grid.seeds).toEqual([1, 2]);
    expect((await run('--seeds', '1')).stdout).toContain('filed: 2 of 2 runs complete');
    expect(existsSync(at('filed.svg'))).toBe(true);
    writeFileSync(at('wrong.json'), JSON.stringify({ vary: { rate: 0.1 } }));
    expect((await run('--config', at('wrong.json'))).stderr).toContain(
      'vary is {"rate":0.1}; it is an object of lists',
    );
  });

  it('takes a folder of its own in runs/ where two begin at once, and names it', async () => {
    const arguments_ = [program, 'ablate', ...grid, '--seeds', '1', '--quiet'];
    const one = () => promisify(execFile)(process.execPath, arguments_, { cwd: folder });
    const ends = (await Promise.all([one(), one()])).map(
      ({ stdout }) => /(ablation-\d+): 2 of 2 runs/.exec(stdout)?.[1],
    );
    expect(ends.sort()).toEqual(['ablation-1', 'ablation-2']);
  });

  it('makes a folder that runs names and lists', async () => {
    await ablate('--out', at('listed/grid'), '--seeds', '1');
    const { stdout } = await densessmHere('runs', at('listed'));
    expect(stdout).toMatch(
      /^\S+listed\/grid: a grid; densessm merge \S+ prints its table, densessm runs \S+ its runs\n$/,
    );
    expect(JSON.parse((await densessmHere('runs', at('listed'), '--json')).stdout)).toMatchObject({
      runs: [],
      grids: [at('listed/grid')],
    });
    expect((await densessmHere('runs', at('listed/grid'))).stdout).toMatch(/grid\/rate=0.01,seed=1 +dense-retnet/);
  });

  it('takes no folder of another grid, or of something else', async () => {
    await ablate('--out', at('own'), '--seeds', '1');
    const other = await ablate('--out', at('own'), '--batch', '3', '--vary', 'beta2=0.9');
    expect(other.stderr).toContain('own has a grid that differs in fixed settings: {"batch":2');
    mkdirSync(at('notes'));
    writeFileSync(at('notes/notes'), 'mine');
    const none = await ablate('--out', at('notes'));
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining('is not empty, and has no grid') });
    const more = ['--seeds', '2', '--vary'];
    const swapped = [text, ...sizes, '--steps', '2', '--out', at('own')];
    const written = readFileSync(at('own/grid.json'), 'utf8');
    for (const [args, message] of [
      [['--vary', 'rate=0.001', '--seeds', '1'], 'has a grid with the cell rate=0.01 at width 16'],
      [['--vary', 'rate=0.01,0.001', '--seeds', '1'], 'has a grid with the cell rate=0.01 at width 16'],
      [['--vary', 'rate=0.001,0.01', '--seeds', '2', '--seed', '2'], 'the seeds 1, and those asked for are 2, 3'],
    ] as const) {
      const { status, stderr } = await densessmHere('ablate', ...swapped, ...args);
      expect(status).toBe(2);
      expect(stderr).toContain(message);
    }
    expect(readFileSync(at('own/grid.json'), 'utf8')).toBe(written);
    const larger = await densessmHere('ablate', ...swapped, ...more, 'rate=0.001,0.005,0.01');
    expect(larger.stdout).toContain('6 of 6 runs complete');
    const smaller = await ablate('--out', at('own'), '--seeds', '1');
    expect(smaller.stderr).toContain('the seeds 1, 2, and those asked for are 1: more seeds');
    // what is a default may be said too
    expect(
      (await densessmHere('ablate', ...swapped, ...more, 'rate=0.001,0.005,0.01', '--accumulate', '1')).status,
    ).toBe(0);
  });

  it('prints a plan, and trains nothing', async () => {
    const { status, stdout } = await ablate('--out', at('planned'), '--plan', '--shard', '1/3');
    expect(status).toBe(0);
    expect(stdout).toMatch(/2 of 4 runs are of this shard\n$/);
    expect(existsSync(at('planned'))).toBe(false);
    const json = JSON.parse((await ablate('--plan', '--json')).stdout);
    expect(json).toMatchObject({ schema: 'densessm/plan', version: 1, ok: true });
    expect(json.runs).toHaveLength(4);
    writeFileSync(at('plan.json'), JSON.stringify(json));
    expect((await densessmHere('merge', at('plan.json'))).stderr).toContain('is no result of ablate');
    expect(json.cells).toMatchObject([{ name: 'rate=0.001', width: 16 }, { name: 'rate=0.01' }]);
  });

  it.each([
    [['--shard', '3/2'], 'It is I/N with I from 1 to N.'],
    [['--vary', 'gate'], 'It is NAME=VALUE.'],
    [['--vary', 'gate=shared,shared'], 'all values differ'],
    [['--vary', 'rate=1'], 'rate varies twice'],
    [['--vary', 'gatee=shared'], "(did you mean 'gate'?)"],
    [['--vary', 'gate=shared,perLayr'], "(did you mean 'perLayer'?)"],
    [['--task', 'deep-detail'], 'give one of them'],
    [['--seed', '2147483647'], 'seed is 2147483648; it is an integer from 0 to 2147483647'],
    [['--of', 'accuracy'], 'a text has no accuracy; leave out --of'],
    [['--resume', 'x'], "unknown option '--resume'"],
  ])('refuses %s in one message, before it writes', async (args, message) => {
    const { status, stdout, stderr } = await ablate(...args, '--out', at('refused'));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(existsSync(at('refused'))).toBe(false);
  });
});
