/** @file Runs on synthetic tasks through the command: scores, listing, settings that are kept, and refusals. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { answered } from '../../src/runs/answers.ts';
import { checkpointIn, readModel } from '../../src/runs/checkpoint.ts';
import { metricsOf } from '../../src/runs/metrics.ts';
import { eager, measureAccuracy, startOfRun, tasks, train as trainOn } from '../../src/training/index.ts';
import { densessmHere } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-tasks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sizes = ['--width', '8', '--layers', '1', '--heads', '2', '--batch', '64', '--length', '8', '--on', 'f64'];
const task = ['--task', 'selective-copying', '--set', 'items=2', '--set', 'symbols=3'];
const train = (out: string, ...args: string[]) =>
  densessmHere('train', ...task, ...sizes, '--out', join(folder, out), ...args);

describe('densessm train --task', { timeout: 60_000 }, () => {
  it('scores the model as measureAccuracy does, beside chance, and shows a row', async () => {
    const out = join(folder, 'first');
    const { status, stdout } = await train('first', '--steps', '2', '--every', '1');
    expect(status).toBe(0);
    expect(stdout).toContain('; task selective-copying (items 2, symbols 3)\n');
    expect(stdout).toMatch(/^accuracy of chance 0.3333, of a guess among the symbols of a row 0.\d{4}; run in /m);
    expect(stdout).toMatch(/^row {6}.{8}\nanswers {2} +.+\nmodel {4} +.+$/m);
    const scores = metricsOf(out).filter(({ asked }) => asked !== undefined);
    expect(scores.map(({ step }) => step)).toEqual([0, 1, 2]);
    const { model, config, params } = readModel(checkpointIn(out));
    const { validation } = tasks['selective-copying']!.problem({ items: 2, symbols: 3 }).data(1);
    const settings = { model, config, batch: 64, length: 8 };
    const { right, asked, accuracy } = await measureAccuracy(settings, params, validation!, {
      on: eager(f64),
      batches: 4,
    });
    expect(scores.at(-1)).toMatchObject({ right, asked, accuracy });
    expect(asked).toBe(2 * 256);
    expect(stdout).toContain(`accuracy ${accuracy.toFixed(4)} (${right} of ${asked} right); densessm sample`);
  });

  it('answers with tokens alone where a model pads its vocabulary', async () => {
    const padded = ['--task', 'selective-copying', '--set', 'symbols=10', '--set', 'items=2', '--model', 'mamba'];
    const own = ['--width', '8', '--layers', '1', '--batch', '8', '--length', '12', '--steps', '1', '--on', 'f64'];
    const out = join(folder, 'padded');
    expect((await densessmHere('train', ...padded, ...own, '--out', out)).status).toBe(0);
    const saved = readModel(checkpointIn(out));
    expect([saved.tokens.size, saved.model.shapes(saved.config).embedding]).toEqual([12, [16, 8]]);
    const { validation } = tasks['selective-copying']!.problem({ items: 2, symbols: 10 }).data(1);
    // the embedding, which comes first, is the read-out too: rows of the padding with the largest logit everywhere
    const wild = { ...saved, params: Float32Array.from(saved.params) };
    for (let i = 0; i < 8; i++) {
      wild.params[12 * 8 + i] = 1e3 * saved.params[i]!;
      wild.params[13 * 8 + i] = -1e3 * saved.params[i]!;
    }
    const row = answered(saved, validation!, { number: 0, length: 12 });
    expect(row.model.trim()).toHaveLength(row.answers.trim().length);
    expect(answered(wild, validation!, { number: 0, length: 12 })).toEqual(row);
    for (const { model, config, params } of [saved, wild]) {
      const settings = { model, config, batch: 1, length: 12 };
      const { right, asked } = await measureAccuracy(settings, params, validation!, { on: eager(f64), batches: 1 });
      expect({ right, asked }).toEqual({ right: row.right, asked: 2 });
    }
    const wilder = { ...startOfRun(wild), params: Float64Array.from(wild.params) };
    const run = { ...wild, batch: 1, length: 12, steps: 1, schedule: () => 0, accuracy: true, validationBatches: 1 };
    for await (const event of trainOn(
      run,
      { train: validation!, validation: validation! },
      { on: eager(f64), state: wilder },
    ))
      if (event.kind === 'validation' && event.step === 0)
        expect(event.accuracy).toMatchObject({ right: row.right, asked: 2 });
  });

  it('keeps its settings, continues with them, and is known to the other commands', async () => {
    const out = join(folder, 'kept');
    await train('kept', '--steps', '1');
    const resumed = await densessmHere('train', '--resume', out, '--steps', '2', '--json');
    const result = JSON.parse(resumed.stdout);
    expect(result).toMatchObject({ ok: true, step: 2, task: 'selective-copying', set: { items: 2, symbols: 3 } });
    expect(result.row).toMatchObject({ asked: 2, row: expect.stringMatching(/^.{8}$/) });
    expect(result).not.toHaveProperty('unigramEntropy');
    const listed = await densessmHere('runs', folder);
    expect(listed.stdout).toMatch(/kept .* 0\.\d{4} {2}selective-copying items=2 symbols=3\n/);
    const sampled = await densessmHere('sample', out, '--seed', '4');
    expect(sampled.stdout).toMatch(/^row .*\nanswers .*\nmodel .*\ntask .*: [012] of 2 right\n$/);
    expect(await densessmHere('sample', out, '--seed', '5')).not.toEqual(sampled);
    // a prompt is a row to answer
    expect((await densessmHere('sample', out, '--prompt', 'a.b?')).stdout).toMatch(/^row {6}a\.b\?\nmodel {4}\S{4}\n$/);
    for (const [args, message] of [
      [['--tokens', '3'], 'model answers a row: --tokens means nothing; leave it out'],
      [['--prompt', 'a', '--seed', '3'], 'model answers a row, here the prompt: --seed means nothing'],
      [['--prompt', 'xyz'], 'sample: --prompt: character "x" at position 0 is none of the vocabulary\'s '],
      [['--prompt', 'xyz'], '; a row of the task is of '],
    ] as const)
      expect((await densessmHere('sample', out, ...args)).stderr).toContain(message);
    const plotted = JSON.parse((await densessmHere('plot', out, '--json')).stdout);
    expect(plotted).toMatchObject({ schema: 'densessm/plot', version: 1 });
    const drawn = plotted.curves[0].accuracy;
    expect(drawn.map(([step]: [number]) => step)).toEqual([0, 1, 2]);
    const file = join(folder, 'set.json');
    writeFileSync(file, JSON.stringify({ task: 'selective-copying', set: { items: 9, symbols: 3 } }));
    const joined = ['--config', file, '--set', 'items=2', '--length', '8'];
    const same = await densessmHere('train', '--resume', out, '--steps', '3', ...joined, '--json');
    expect((await densessmHere('train', '--resume', out, '--steps', '4', '--set', 'items=2')).status).toBe(0);
    expect(JSON.parse(same.stdout)).toMatchObject({ ok: true, set: { items: 2, symbols: 3 } });
    const other = await densessmHere('train', '--resume', out, '--steps', '5', '--set', 'items=3');
    expect(other.stderr).toContain('was begun with --set {"items":2}, not {"items":3}');
  });

  it('refuses the accuracy of a run on a text', async () => {
    const text = join(folder, 'roses.txt');
    writeFileSync(text, 'a rose is a rose is a rose; '.repeat(12));
    const out = join(folder, 'text');
    await densessmHere('train', text, ...sizes, '--steps', '1', '--out', out);
    expect((await densessmHere('plot', out, '--of', 'accuracy')).stderr).toContain('text: has no accuracy');
  });

  it.each([
    [[...task, 'README.md'], '--task selective-copying and the text README.md; give one of them'],
    [[...task, '--vocabulary', 'bytes'], 'has its own vocabulary; leave out --vocabulary bytes'],
    [[...task, '--length', '3'], 'rows of 3 tokens are too short for its settings; give 4 or more'],
    [[...task, '--set', 'item=2'], "there is no setting 'item'; it has items, symbols (did you mean 'items'?)"],
    [[...task, '--set', 'items=two'], 'It is NAME=INTEGER.'],
    [['--task', 'selective-copyin'], '(Did you mean selective-copying?)'],
    [['--set', 'items=2'], '--set items belongs to a task; give --task too'],
  ])('refuses %s in one message', async (args, message) => {
    const { status, stdout, stderr } = await densessmHere('train', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('densessm tasks', () => {
  it('lists every task with its settings', async () => {
    const { stdout } = await densessmHere('tasks');
    for (const { name, settings } of Object.values(tasks))
      for (const word of [name, ...Object.keys(settings)]) expect(stdout).toContain(word);
    const { tasks: listed, ...rest } = JSON.parse((await densessmHere('tasks', '--json')).stdout);
    expect(rest).toEqual({ schema: 'densessm/tasks', version: 1, ok: true });
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(Object.keys(tasks));
  });
});
