/** @file Synthetic tasks: solvers in plain loops that read rows as text, and the same with an error of one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { transformer, transformerConfig } from '../../src/models/index.ts';
import { indexInput, read } from '../../src/tensor/input.ts';
import {
  accuracyOf,
  eager,
  ignoredLabel,
  measureAccuracy,
  mostProbable,
  startOfRun,
  taskNamed,
  tasks,
  train,
  unflatten,
} from '../../src/training/index.ts';
import { root } from '../support/root.ts';

/** Answers of each row, a character at each position; `off` shifts the place where it reads, so that 0 is right. */
type Solver = (row: readonly string[], settings: Readonly<Record<string, number>>, off: number) => string[];

/** The permutation of a rank in lexicographic order, by the factorial number system. */
function permutationOf(rank: number, n: number): number[] {
  const left = Array.from({ length: n }, (_, i) => i);
  const result: number[] = [];
  let rest = rank;
  for (let i = n - 1; i >= 0; i--) {
    let factorial = 1;
    for (let j = 2; j <= i; j++) factorial *= j;
    result.push(...left.splice(Math.floor(rest / factorial), 1));
    rest %= factorial;
  }
  return result;
}

const solvers: Readonly<Record<string, Solver>> = {
  'selective-copying'(row, _, off) {
    const items = row.filter((token) => token !== '.' && token !== '?');
    let asked = 0;
    return row.map((token) => (token === '?' ? items[(asked++ + off) % items.length]! : ''));
  },
  'induction-heads': (row, _, off) => row.map(() => row[row.indexOf('!') + 1 - off]!),
  'associative-recall'(row, { pairs }, off) {
    const value = new Map<string, string>();
    for (let i = 0; i < pairs!; i++) value.set(row[2 * i]!, row[(2 * (i + off) + 1) % (2 * pairs!)]!);
    return row.map((token) => value.get(token) ?? '');
  },
  'state-tracking'(row, { things }, off) {
    const first = row.length > 0 && things === 5 ? 0x4e00 : 0x61;
    // where each thing is after all tokens up to here
    let places = Array.from({ length: things! }, (_, i) => i);
    const answers = row.map((token) => {
      const moved = permutationOf(token.codePointAt(0)! - first, things!);
      places = places.map((place) => moved[place]!);
      for (let rank = 0; ; rank++)
        if (`${permutationOf(rank, things!)}` === `${places}`) return String.fromCodePoint(first + rank);
    });
    return row.map((_, t) => answers[Math.max(0, t - off)]!);
  },
  'deep-detail'(row, { hops, nodes }, off) {
    const follow = (node: string, left: number): string => {
      for (let record = 0; record < nodes!; record++) {
        if (row[3 * record] === node) return left === 0 ? row[3 * record + 2]! : follow(row[3 * record + 1]!, left - 1);
      }
      return '';
    };
    return row.map((token) => follow(token, hops! + off));
  },
};

const [batches, rows] = [6, 8];

/** The accuracy of a solver on rows of a task. */
function scoreOf(name: string, given: Record<string, number>, length: number, off: number) {
  const { settings, vocabulary, source } = taskNamed(name).problem(given);
  const labels: number[] = [];
  const predictions: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const drawn = source(3)(batch, rows, length);
    labels.push(...drawn.labels);
    for (let row = 0; row < rows; row++) {
      const tokens = [...drawn.tokens.subarray(row * length, (row + 1) * length)];
      const text = tokens.map((token) => vocabulary.characters[token]!);
      predictions.push(...solvers[name]!(text, settings, off).map((answer) => vocabulary.characters.indexOf(answer)));
    }
  }
  return accuracyOf(labels, predictions);
}

/** Each task with some settings, a length, and the labels of a row. */
const cases: readonly [string, Record<string, number>, number, number][] = [
  ['selective-copying', {}, 64, 8],
  ['selective-copying', { items: 3, symbols: 40 }, 6, 3],
  ['induction-heads', {}, 64, 1],
  ['induction-heads', { symbols: 3000 }, 3, 1],
  ['associative-recall', {}, 64, 8],
  ['associative-recall', { pairs: 30, keys: 30, values: 40 }, 90, 30],
  ['state-tracking', {}, 64, 64],
  ['state-tracking', { things: 2 }, 64, 64],
  ['state-tracking', { things: 5 }, 20, 20],
  ['deep-detail', {}, 64, 39],
  ['deep-detail', { hops: 0, nodes: 5 }, 17, 1],
  ['deep-detail', { hops: 29, nodes: 30, details: 300 }, 99, 8],
];

describe.each(Object.keys(tasks))('the task %s', (name) => {
  it.each(cases.filter(([task]) => task === name))('%s %o, rows of %i: exactly solvable', (_, given, length, asked) => {
    expect(scoreOf(name, given, length, 0)).toEqual({
      right: batches * rows * asked,
      asked: batches * rows * asked,
      accuracy: 1,
    });
    const wrong = scoreOf(name, given, length, 1).accuracy;
    expect(wrong).toBeLessThan(0.7);
  });

  it('has labels at the level of chance, and within the vocabulary', () => {
    const { vocabulary, chance, source } = taskNamed(name).problem();
    const drawn = source(1)(0, 2000, name === 'state-tracking' ? 4 : 30);
    const asked = drawn.labels.filter((label) => label !== ignoredLabel);
    const counts = new Map<number, number>();
    for (const label of asked) counts.set(label, (counts.get(label) ?? 0) + 1);
    // five standard deviations, where answers of a row are independent; those of a cycle's details are not, but each is asked about once
    const spread = 5 * Math.sqrt((chance * (1 - chance)) / 2000);
    for (const count of counts.values()) expect(Math.abs(count / asked.length - chance)).toBeLessThan(spread);
    expect(counts.size).toBe(Math.round(1 / chance));
    expect([...drawn.tokens, ...asked].filter((token) => vocabulary.characters[token] === undefined)).toEqual([]);
    expect(new Set(vocabulary.characters).size).toBe(vocabulary.characters.length);
  });

  it('says how often a guess among the symbols of a row is right', () => {
    const { guess, vocabulary, source } = taskNamed(name).problem();
    const [count, length] = [1500, name === 'state-tracking' ? 4 : 30];
    const drawn = source(2)(0, count, length);
    const labels = new Set(drawn.labels);
    let [sum, asked] = [0, 0];
    for (let row = 0; row < count; row++) {
      const at = row * length;
      const text = [...drawn.tokens.subarray(at, at + length)];
      // in state-tracking the symbols of a row are no answers: all are
      const choice =
        name === 'state-tracking'
          ? vocabulary.characters.map((_, token) => token)
          : text.filter((token) => labels.has(token));
      for (const label of drawn.labels.subarray(at, at + length)) {
        if (label === ignoredLabel) continue;
        asked++;
        sum += choice.filter((token) => token === label).length / choice.length;
      }
    }
    expect(Math.abs(sum / asked - guess(length))).toBeLessThan(0.01);
  });

  it('draws a batch by its number and seed', () => {
    const { leastLength, data, source } = taskNamed(name).problem();
    const length = leastLength + 20;
    const of = (seed: number, batch: number): string => `${source(seed)(batch, 2, length).tokens}`;
    const again = source(1);
    expect([5, 0].map((batch) => `${again(batch, 2, length).tokens}`)).toEqual([of(1, 5), of(1, 0)]);
    const all = [1, 2, 3].flatMap((seed) => {
      const { train: trained, validation } = data(seed);
      return [trained, validation!].flatMap((one) => [0, 1, 2, 3].map((batch) => `${one(batch, 2, length).tokens}`));
    });
    expect(new Set(all).size).toBe(all.length);
    expect(all[0]).toBe(of(1, 0));
  });

  it('refuses rows that are too short, and takes the shortest', () => {
    const { leastLength, source } = taskNamed(name).problem();
    expect(source(1)(0, 1, leastLength).tokens).toHaveLength(leastLength);
    const least = `task ${name}: rows of ${leastLength - 1} tokens are too short for its settings; give ${leastLength} or more`;
    expect(() => source(1)(0, 1, leastLength - 1)).toThrow(least);
  });

  it('says what it is, and trains', async () => {
    const task = taskNamed(name);
    for (const text of [task.description, task.paper, task.evidence]) expect(text.length).toBeGreaterThan(20);
    expect(task.paper).toMatch(/20[12]\d/);
    const { leastLength: length, vocabulary, data } = task.problem();
    const config = transformerConfig({ vocabulary: vocabulary.characters.length, width: 4, heads: 1, layers: 1 });
    const settings = {
      model: transformer,
      config,
      batch: 1,
      length,
      steps: 1,
      validationBatches: 1,
      schedule: () => 1e-3,
    };
    const losses: number[] = [];
    for await (const event of train(settings, data(1), { on: eager(f32) }))
      if ('loss' in event) losses.push(event.loss);
    expect(losses).toHaveLength(3);
    for (const loss of losses) expect(loss).toBeLessThan(2 * Math.log(vocabulary.characters.length));
  });
});

describe('tasks', () => {
  it('are in the page with their settings', () => {
    const page = readFileSync(join(root, 'docs/training.md'), 'utf8');
    for (const { name, settings } of Object.values(tasks)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
      const listed = Object.entries(settings).map(([one, { default: usual }]) => `\`${one}\` ${usual}`);
      expect(row).toContain(`| ${listed.join(', ')} `);
    }
  });
  it('suggests names', () => {
    expect(() => taskNamed('induction-head')).toThrow(
      "there is no task 'induction-head'; use one of selective-copying, induction-heads, associative-recall, state-tracking, deep-detail (did you mean 'induction-heads'?)",
    );
    expect(() => taskNamed('toString')).toThrow("there is no task 'toString'");
    expect(() => taskNamed('deep-detail').problem({ hop: 1 })).toThrow(
      "task deep-detail: there is no setting 'hop'; it has hops, nodes, details (did you mean 'hops'?)",
    );
  });
  it('refuses settings that do not fit', () => {
    for (const wrong of [0, 1.5, NaN, 1e6])
      expect(() => taskNamed('selective-copying').problem({ items: wrong })).toThrow(
        `task selective-copying: setting items is ${wrong}; it is an integer from 1 to 8192`,
      );
    expect(() => taskNamed('state-tracking').problem({ things: 6 })).toThrow(
      'things is 6; it is an integer from 2 to 5',
    );
    expect(() => taskNamed('associative-recall').problem({ pairs: 17 })).toThrow(
      '17 pairs of different keys and values',
    );
    expect(() => taskNamed('deep-detail').problem({ hops: 8 })).toThrow('8 hops on a cycle of 8 nodes come round');
  });
});

describe('the score', () => {
  it('counts asked positions only', () => {
    expect(accuracyOf([-100, 0, 1], [5, 0, 0])).toEqual({ right: 1, asked: 2, accuracy: 0.5 });
    expect(() => accuracyOf([1], [1, 2])).toThrow('accuracyOf: 2 predictions for 1 labels');
    expect(() => accuracyOf([-100, -100], [-100, -100])).toThrow('all 2 labels are -100, so nothing is asked');
  });
  it('takes NaN for wrong', () => {
    expect([...mostProbable([NaN, 9, 9, NaN, -Infinity, -Infinity, 1, 1], 2)]).toEqual([-1, -1, 0, 0]);
    expect(accuracyOf([0, 1], mostProbable([NaN, NaN, NaN, NaN], 2)).right).toBe(0);
    expect(() => mostProbable([1, 2, 3], 2)).toThrow('3 logits are not of whole positions of 2 tokens');
  });
  it('is that of the model', async () => {
    const { vocabulary, source } = taskNamed('associative-recall').problem({ pairs: 2, keys: 2, values: 2 });
    const config = transformerConfig({ vocabulary: vocabulary.characters.length, width: 8, heads: 2, layers: 1 });
    const settings = { model: transformer, config, batch: 3, length: 9, seed: 2 };
    const { params } = startOfRun(settings);
    const on = eager(f64);
    const found = await measureAccuracy(settings, params, source(1), { on, batches: 4 });
    let right = 0;
    for (let batch = 0; batch < 4; batch++) {
      const { tokens, labels } = source(1)(batch, 3, 9);
      const tree = unflatten<never>(params, transformer.shapes(config), f64);
      const start = transformer.start(tree, config, 3);
      const { logits } = transformer.forward(tree, config, indexInput(f64, tokens, [3, 9]), start, {
        name: 'parallel',
      });
      const numbers = read(logits);
      labels.forEach((label, i) => {
        const own = [...numbers.subarray(i * 5, i * 5 + 5)];
        if (label >= 0 && own.indexOf(Math.max(...own)) === label) right++;
      });
    }
    expect(found).toEqual({ right, asked: 24, accuracy: right / 24 });
  });
});
