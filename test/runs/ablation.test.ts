/** @file Grids: their cells and sizes, the paired test against scipy, tables, results that do not fit, and grids that were stopped. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { shardOf } from '../../src/cli/shard.ts';
import { cellsOf, type Grid } from '../../src/runs/ablation/grid.ts';
import { deviationOf, pairedTest, studentP } from '../../src/runs/ablation/paired-test.ts';
import { planOf } from '../../src/runs/ablation/plan.ts';
import { type Results, resultsOf, schema, version } from '../../src/runs/ablation/results.ts';
import { ablated } from '../../src/runs/ablation/run.ts';
import { linesOfTable, tableOf } from '../../src/runs/ablation/table.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-ablation-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the paired test', () => {
  // scipy 1.x: 2 * stats.t.sf(abs(t), freedom)
  it.each([
    [0.5, 1, 0.7048327646991335],
    [12.706, 1, 0.05000080235813319],
    [1, 2, 0.4226497308103742],
    [-30, 2, 0.001109262681959659],
    [2.5, 3, 0.08770664700806556],
    [-1e3, 4, 5.999960000209998e-12],
    [0, 5, 1],
    [4.2, 9, 0.002306692506540238],
    [3.3, 30, 0.002499307439798054],
    [1.1, 100, 0.27397312614589625],
  ])('has the p value of scipy for t %s with %s degrees of freedom', (t, freedom, p) => {
    expect(Math.abs(studentP(t, freedom) - p)).toBeLessThan(1e-14);
  });

  // scipy 1.x: stats.ttest_rel(b[:n], a[:n])
  const [a, b] = [
    [1.71, 1.68, 1.74, 1.7, 1.66],
    [1.69, 1.67, 1.7, 1.71, 1.62],
  ];
  it.each([
    [2, -3.0, 0.20483276469913345],
    [3, -2.6457513110645903, 0.11808289631180315],
    [4, -1.4411533842457844, 0.24519388179494764],
    [5, -2.1081851067789197, 0.10270042749551181],
  ])('is that of scipy for %s pairs', (n, t, p) => {
    const test = pairedTest(b.slice(0, n).map((x, i) => x - a[i]!));
    expect(test.t).toBeCloseTo(t, 10);
    expect(test.p).toBeCloseTo(p, 12);
    expect([test.below, test.above]).toEqual(n < 4 ? [n, 0] : [n - 1, 1]);
  });

  it('has no p value for one pair, nor for differences that are all equal', () => {
    expect(pairedTest([0.5])).toEqual({ pairs: 1, mean: 0.5, sd: null, t: null, p: null, below: 0, above: 1 });
    expect(pairedTest([-1, -1])).toMatchObject({ sd: 0, t: null, p: null, below: 2 });
    expect(deviationOf([1, 2, 3])).toBe(1);
  });
});

const fixed = { width: 16, layers: 2, heads: 2 };
const names = (vary: Grid['vary'], own: Grid['fixed'] = {}) =>
  cellsOf({ fixed: { ...fixed, ...own }, vary }).map(({ name }) => name);

describe('the cells of a grid', () => {
  it('are all combinations, without what a model does not have, each once', () => {
    expect(
      names({ 'dense-layers': ['0', '1'], model: ['retnet', 'dense-retnet'], gate: ['shared', 'perLayer'] }),
    ).toEqual([
      'model=retnet',
      ...['shared', 'perLayer'].map((gate) => `dense-layers=0,model=dense-retnet,gate=${gate}`),
      ...['shared', 'perLayer'].map((gate) => `dense-layers=1,model=dense-retnet,gate=${gate}`),
    ]);
    expect(names({})).toEqual(['all']);
    const [retnet, dense] = cellsOf({ fixed: { denseLayers: 1 }, vary: { model: ['retnet', 'dense-retnet'] } });
    expect([retnet!.asked, dense!.asked]).toEqual([{ model: 'retnet' }, { model: 'dense-retnet', denseLayers: 1 }]);
    const [mamba, mamba2] = cellsOf({ fixed: { heads: 2 }, vary: { model: ['mamba', 'mamba2'] } });
    expect([mamba!.asked, mamba2!.asked]).toEqual([{ model: 'mamba' }, { model: 'mamba2', heads: 2 }]);
    const cells = cellsOf({ fixed: {}, vary: { heads: ['2', '4'], model: ['mamba', 'mamba2'] } });
    expect(cells.map(({ name }) => name)).toEqual(['model=mamba', 'heads=2,model=mamba2', 'heads=4,model=mamba2']);
    expect(() => cellsOf({ fixed: { model: 'mamba' }, vary: { heads: ['2', '4'] } })).toThrow(
      'no model of the grid (mamba) has heads; leave it out',
    );
    expect(cellsOf({ fixed: {}, vary: { rate: ['.001'], dropout: ['0.1'] } })[0]!.asked).toEqual({
      rate: 0.001,
      dropout: 0.1,
    });
  });

  it.each<[Grid['vary'], Grid['fixed'], string]>([
    [{ 'dense-layer': ['0'] }, {}, 'no option of train and no reading; use one of model, layers'],
    [{ 'dense-layer': ['0'] }, {}, "(did you mean 'dense-layers'?)"],
    [{ gat: ['shared'] }, {}, "(did you mean 'gate'?)"],
    [{ 'dense-layers': ['one'] }, {}, 'denseLayers is "one"; it is an integer ≥ 0'],
    [{ model: ['retent'] }, {}, "(did you mean 'retnet'?)"],
    [{ width: ['8', '16'] }, {}, 'width cannot vary: each cell takes the width'],
    [{ steps: ['8', '16'] }, {}, 'steps cannot vary: all runs train on as many tokens'],
    [{ rate: ['0.1', '0.2'] }, { rate: 1 }, 'rate is given as an option and by --vary'],
    [{ gate: ['shared'] }, { model: 'retnet' }, 'no model of the grid (retnet) has gate; leave it out'],
    [{ model: ['retnet'] }, { readings: { gate: 'shared' } }, 'no model of the grid (retnet) has gate'],
    [{}, { model: 'mamba' }, 'no model of the grid (mamba) has heads; leave it out'],
    [{ rate: ['0.001', '1e-3'] }, {}, '--vary rate has 0.001 and 1e-3, which are equal'],
    [{ rate: ['.01', '0.01'] }, {}, '--vary rate has .01 and 0.01, which are equal'],
  ])('cannot be of %o with %o', (vary, own, message) => {
    expect(() => names(vary, own)).toThrow(message);
  });

  it('are of equal size, or refused all at once with a width at which they are', () => {
    const vary = { model: ['retnet', 'dense-retnet'], 'dense-layers': ['1', '2'] };
    const sizes = { layers: 3, heads: 2, seed: 1 };
    const { cells } = planOf({ fixed: { ...sizes, width: 56 }, vary, seeds: [1] });
    for (const { parameters } of cells) expect(Math.abs(parameters / cells[0]!.parameters - 1)).toBeLessThan(0.1);
    const refused = () => planOf({ fixed: { ...sizes, width: 32 }, vary, seeds: [1] });
    expect(refused).toThrow(
      /2 of 3 cells cannot be[\s\S]*dense-layers=1: no width gives[\s\S]*dense-layers=2: [\s\S]*with --width 56 all/,
    );
    const planned = (sizes: object, names: object) => () => planOf({ fixed: sizes, vary: { ...names }, seeds: [1] });
    const models = { model: ['retnet', 'dense-retnet'] };
    expect(planned({ layers: 3, heads: 8, width: 16 }, models)).toThrow(/\nwith --width 56 --heads 4 all cells are/);
    const deep = planned({ layers: 3, heads: 2, width: 16 }, { 'dense-layers': ['0', '5'] });
    expect(deep).toThrow(
      '\nno --width up to 64, with as many heads or fewer, mends all of them: leave out those above',
    );
  });
});

/** Results of two cells, with losses by cell and seed. */
const results = (losses: readonly (readonly [cell: string, seed: number, loss: number])[]): Results => ({
  grid: { fixed: {}, vary: { m: ['0', '1'] }, seeds: [1, 2, 3] },
  sha256: 'x',
  steps: 2,
  tokens: 8,
  cells: ['m=0', 'm=1'].map((name) => ({ name, values: { m: name.slice(2) }, width: 8, parameters: 9 })),
  runs: losses.map(([cell, seed, validation]) => ({
    ...{ name: `${cell},seed=${seed}`, cell, seed, ranOn: 'wasm' },
    points: [
      { step: 0, validation: 3 },
      { step: 2, validation },
    ],
  })),
});

describe('a first cell that cannot be', () => {
  it('is the only one that is named', () => {
    const grid = { fixed: { layers: 2, heads: 2, width: 16 }, vary: { fusion: ['ad', 'concat'] }, seeds: [1] };
    expect(() => planOf(grid)).toThrow(
      /1 of 2 cells cannot be.*\n {2}fusion=ad: denseRetNet: fusion is 'ad'; choose 'add'/,
    );
    expect(() => planOf(grid)).not.toThrow('fusion=concat');
  });
});

describe('more dense layers than there are', () => {
  it('are refused, as they are no other model', () => {
    const grid = { fixed: { layers: 2, heads: 2, width: 16 }, vary: { 'dense-layers': ['1', '2'] }, seeds: [1] };
    expect(() => planOf(grid)).toThrow('dense-layers=2: the last of 2 layers has 1 below it, so this is the model of');
    const fixedOne = { fixed: { ...grid.fixed, denseLayers: 9 }, vary: {}, seeds: [1] };
    expect(() => planOf(fixedOne)).toThrow('all: the last of 2 layers has 1 below it');
    const varied = { fixed: { heads: 2, width: 16, denseLayers: 3 }, vary: { layers: ['4', '2'] }, seeds: [1] };
    expect(() => planOf(varied)).toThrow('layers=2: the last of 2 layers has 1 below it');
  });

  it('are left out of a model without them', () => {
    const fixed = { heads: 2, width: 56, layers: 3, denseLayers: 1 };
    const { cells } = planOf({ fixed, vary: { model: ['retnet', 'dense-retnet'] }, seeds: [1] });
    expect(cells.map(({ asked }) => asked.denseLayers)).toEqual([undefined, 1]);
  });
});

describe('a table', () => {
  it('pairs by seed, whichever seeds a cell has, and names what is missing', () => {
    const some = results([
      ['m=0', 1, 2],
      ['m=0', 3, 4],
      ['m=1', 2, 9],
      ['m=1', 3, 3.5],
      ['m=1', 1, 1],
    ]);
    const { rows, missing } = tableOf(some, 'loss');
    expect(rows[0]).toMatchObject({ runs: 2, mean: 3, sd: Math.SQRT2, test: null });
    expect(rows[1]).toMatchObject({ runs: 3, mean: 4.5, test: { pairs: 2, mean: -0.75, below: 2, better: 2 } });
    expect(missing).toEqual(['m=0,seed=2']);
    expect(linesOfTable(some, 'loss')[0]).toMatchObject({
      name: 'm=0',
      strong: [
        [0, 3],
        [2, 3],
      ],
    });
    expect(tableOf(results([]), 'loss').rows[1]).toMatchObject({ runs: 0, mean: null, sd: null, test: null });
  });

  const file = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify({ schema, version, ...content }));
    return join(folder, name);
  };

  it('joins results, each run once, and refuses those of other grids', () => {
    const one = file('one.json', results([['m=1', 1, 1]]));
    const two = file(
      'two.json',
      results([
        ['m=0', 1, 2],
        ['m=1', 1, 1],
      ]),
    );
    expect(resultsOf([one, two]).runs.map(({ name }) => name)).toEqual(['m=0,seed=1', 'm=1,seed=1']);
    expect(() => resultsOf([one, file('other.json', results([['m=1', 1, 1.5]]))])).toThrow(
      'different results of m=1,seed=1',
    );
    expect(() => resultsOf([one, file('text.json', { ...results([]), sha256: 'y' })])).toThrow(
      'are of two grids, which differ in the text or task: "x" and "y"',
    );
    const [run] = results([['m=1', 1, 1]]).runs;
    for (const wrong of [
      { runs: [{ ...run, points: [] }] },
      { runs: [{ ...run, seed: 'one' }] },
      { cells: [{}] },
      { cells: [], runs: [] },
      { grid: { ...results([]).grid, seeds: [] }, runs: [] },
      { grid: null },
    ])
      expect(() => resultsOf([file('damaged.json', { ...results([]), ...wrong })])).toThrow('damaged, write it again');
    expect(() => resultsOf([file('more.json', { ...results([]), runs: [{ ...run, name: 'm=1,seed=9' }] })])).toThrow(
      'has a run m=1,seed=9 that its grid does not have',
    );
    expect(() => resultsOf([folder])).toThrow('has no grid.json; give a folder that ablate has made');
    expect(() => resultsOf([file('later.json', { ...results([]), version: 2 })])).toThrow('is of version 2');
    expect(() => resultsOf([file('none.json', { schema: 'x' })])).toThrow('is no result of ablate');
  });
});

describe('a grid that was stopped', { timeout: 60_000 }, () => {
  it('keeps complete runs, continues the others, and has the results of one that never stopped', async () => {
    const task = { task: 'state-tracking', set: { things: 2 }, batch: 8, length: 8, steps: 4, every: 2, on: 'f64' };
    const grid = { fixed: { ...fixed, layers: 1, ...task }, vary: { rate: ['0.01', '0.02'] }, seeds: [1, 2] };
    const plan = planOf(grid);
    const trained = async (out: string, until = Number.POSITIVE_INFINITY, runs = plan.runs) => {
      const controller = new AbortController();
      let steps = 0;
      for await (const event of ablated(plan, runs, { folder: out, signal: controller.signal }))
        if (event.kind === 'event' && event.event.kind === 'step' && ++steps >= until) controller.abort();
      return steps;
    };
    const [whole, stopped, shards] = ['whole', 'stopped', 'shards'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    expect(await trained(whole)).toBe(16);
    expect(await trained(stopped, 7)).toBe(7);
    expect(resultsOf([stopped]).runs.map(({ name }) => name)).toEqual(['rate=0.01,seed=1']);
    expect(await trained(stopped)).toBe(9);
    expect(await trained(stopped)).toBe(0);
    expect(resultsOf([stopped])).toEqual(resultsOf([whole]));
    const parts = [1, 2, 3].map((i) => shardOf(plan.runs, { i, n: 3 }));
    expect(
      parts
        .flat()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(plan.runs.map(({ name }) => name).sort());
    const paths = parts.map((_, i) => `${shards}-${i}`);
    for (const [i, runs] of parts.entries()) await trained(paths[i]!, undefined, runs);
    expect(resultsOf(paths)).toEqual(resultsOf([whole]));
    const other = planOf({ ...grid, fixed: { ...grid.fixed, batch: 4 } });
    const events = ablated(other, other.runs, { folder: whole, signal: new AbortController().signal });
    await expect(events.next()).rejects.toThrow('was begun with --batch 8, not 4; give another --out');
  });
});
