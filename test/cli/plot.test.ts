/** @file The command plot: in characters and as SVG, what is no run, and values that cannot be compared. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { svgOf } from '../../src/runs/curves.ts';
import { densessmHere } from './run.ts';
import { smallRuns } from './small-runs.ts';

const { folder, text, small, train } = smallRuns('plot');

describe('densessm plot', { timeout: 60_000 }, () => {
  it('draws runs in characters and as SVG', async () => {
    const run = join(folder, 'drawn <1>');
    await train('drawn <1>', '--steps', '6', '--every', '2');
    const { stdout } = await densessmHere('plot', run);
    expect(stdout).toMatch(/^ ?2\.\d\d┤/m);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/drawn <1>: \d\.\d{4} after step 6\n$/);
    // two curves that are the same have marks of their own, and one that ends early is seen
    await train('short', '--steps', '1', '--seed', '2');
    const both = (await densessmHere('plot', run, run, join(folder, 'short'))).stdout;
    for (const mark of ['o', '+', 'x']) expect(both).toMatch(new RegExp(`[│┤].*[${mark}]`));
    expect(both).toMatch(/^o .*drawn <1>: .*\n\+ .*drawn <1>: .*\nx .*short: /m);
    expect(both).not.toContain('━');
    const svg = join(folder, 'losses.svg');
    expect((await densessmHere('plot', run, run, '--svg', svg)).status).toBe(0);
    const drawing = readFileSync(svg, 'utf8');
    expect(drawing.match(/<polyline/g)).toHaveLength(4);
    expect(drawing.match(/<circle/g)).toHaveLength(8);
    expect(drawing).toContain('drawn &lt;1&gt;: validation');
    expect(drawing).toMatch(/<title>loss, nats a token, by step: .*drawn &lt;1&gt;; /);
    expect(drawing).not.toContain('NaN');
    const { training, validation } = JSON.parse((await densessmHere('plot', run, '--json')).stdout).curves[0];
    expect(training.map(([step]: [number]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(validation.map(([step]: [number]) => step)).toEqual([0, 2, 4, 6]);
    expect((await densessmHere('plot', folder)).stderr).toContain('has no losses yet');
    expect((await densessmHere('plot', join(folder, 'missing'))).stderr).toContain('missing: does not exist');
    // what is no run among runs is left out; a plot takes the place of a plot, and of nothing else
    const some = await densessmHere('plot', text, run, '--svg', svg);
    expect(some.stdout).toContain(`losses.svg: the losses of ${run}, in place of the plot before\n`);
    expect(some.stderr).toContain('roses.txt, which is no folder\n');
    const none = await densessmHere('plot', text, folder);
    expect(none.stderr).toContain('roses.txt: is no folder, and the others are no runs either; give that of a run');
    const lost = await densessmHere('plot', run, '--svg', text);
    expect(lost).toMatchObject({ status: 2, stderr: expect.stringContaining('roses.txt: is no plot of densessm') });
    const page = join(folder, 'page.html');
    writeFileSync(page, `<p>A plot of mine:</p>\n${drawing}`);
    expect((await densessmHere('plot', run, '--svg', page)).stderr).toContain('page.html: is no plot of densessm');
    expect(readFileSync(page, 'utf8')).toMatch(/^<p>/);
    // losses are drawn without a checkpoint that can be read
    writeFileSync(join(run, 'checkpoint-6/training.json'), '{');
    const damaged = await densessmHere('plot', run);
    expect(damaged).toMatchObject({ status: 0, stdout });
  });

  it('says where losses are of other texts or tasks, and cannot be compared', async () => {
    await train('of-text', '--steps', '1');
    const task = ['--task', 'selective-copying', '--set', 'items=2', '--set', 'symbols=3'];
    await densessmHere('train', ...small, ...task, '--steps', '1', '--out', join(folder, 'of-task'));
    const drawn = await densessmHere('plot', join(folder, 'of-text'), join(folder, 'of-task'));
    expect(drawn.stderr).toMatch(
      /^note: \S+of-text is on \S+roses.txt in characters, \S+of-task on task selective-copying: /,
    );
    const json = await densessmHere('plot', join(folder, 'of-text'), join(folder, 'of-text'), '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ comparable: true, skipped: [] });
  });
});

describe('svgOf', () => {
  /** Numbers beside the lines across. */
  const levels = (svg: string): number[] =>
    [...svg.matchAll(/text-anchor="end">(.*?)</g)].map(([, level]) => Number(level));
  const line = (...values: number[]) => {
    const strong = values.map((value, i): [number, number] => [250 * i, value]);
    return [{ name: 'a', strong, pale: [] }];
  };

  it('has the height of the losses after the first tenth of the steps, if there are several', () => {
    expect(levels(svgOf(line(4.2, 1.95, 1.7, 1.6), 'loss', ''))).toEqual([1.6, 1.7, 1.8, 1.9]);
    expect(Math.max(...levels(svgOf(line(4.2, 1.9), 'loss', '')))).toBe(4);
    expect(Math.max(...levels(svgOf(line(1, 0.4, 0.5), 'accuracy', '')))).toBe(1);
  });
});
