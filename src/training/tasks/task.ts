/** @file Defines a synthetic task: its settings, batches drawn from a seed, and the level of chance. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import type { Rng } from '../../tensor/random.ts';
import { ignoredLabel, randomOfBatches, type Source, type TrainingData } from '../data.ts';
import type { Vocabulary } from '../vocabulary.ts';

/** A setting of a task, an integer: its default, its limits, and its meaning. */
export interface TaskSetting {
  readonly default: number;
  readonly least: number;
  readonly most: number;
  readonly meaning: string;
}

/** A task with all its settings: rows of any length from `leastLength` on. */
export interface TaskProblem {
  readonly settings: Readonly<Record<string, number>>;
  /** A character for each token, so that rows can be read. */
  readonly vocabulary: Vocabulary & { readonly kind: 'characters' };
  readonly leastLength: number;
  /** The accuracy of one answer to everything. */
  readonly chance: number;
  /** The accuracy of a random choice among what a row of some length has of the kind that is asked: what a model can have that looks nothing up. */
  guess(length: number): number;
  /** Batches by number. Labels are the answers, −100 where nothing is asked. They throw on rows that are too short. */
  source(seed: number): Source;
  /** Batches to train on, and others to validate on. */
  data(seed: number): TrainingData;
}

/** A synthetic task: what it asks, and where it comes from. */
export interface Task {
  readonly name: string;
  readonly description: string;
  /** The papers that it comes from. */
  readonly paper: string;
  /** How we know that it is theirs, and what differs. */
  readonly evidence: string;
  readonly settings: Readonly<Record<string, TaskSetting>>;
  /** The task with its default settings, except those given. Throws on unknown settings, and on values that they cannot have. */
  problem(settings?: Readonly<Record<string, number>>): TaskProblem;
}

/** The parts of a problem that each task defines. `row` writes tokens, which are 0, and labels, which are −100, of one row. */
interface Rules {
  readonly characters: readonly string[];
  readonly leastLength: number;
  readonly chance: number;
  guess(length: number): number;
  row(random: Rng, tokens: Int32Array, labels: Int32Array): void;
}

/** A task as its file defines it: `rules` of valid settings. */
interface Definition<K extends string> extends Omit<Task, 'settings' | 'problem'> {
  readonly settings: Readonly<Record<K, TaskSetting>>;
  rules(settings: Readonly<Record<K, number>>): Rules;
}

/** Throws, as a task does. */
export const failTask = (name: string, what: string): never => fail(`task ${name}: ${what}`);

/** A setting of a task: its default, the least value it can have, and its meaning. */
export const setting = (usual: number, least: number, meaning: string, most = 8192): TaskSetting => ({
  default: usual,
  least,
  most,
  meaning,
});

/** All settings of a task: defaults, except those given. */
function complete<K extends string>(
  name: string,
  known: Readonly<Record<K, TaskSetting>>,
  given: Readonly<Record<string, number>>,
): Record<K, number> {
  const names = Object.keys(known) as K[];
  for (const one of Object.keys(given)) {
    if (!Object.hasOwn(known, one))
      failTask(name, `there is no setting '${one}'; it has ${names.join(', ')}${didYouMean(one, names)}`);
  }
  const entries = names.map((one): [K, number] => {
    const { default: usual, least, most } = known[one];
    const value = given[one] ?? usual;
    if (!Number.isInteger(value) || value < least || value > most)
      failTask(name, `setting ${one} is ${value}; it is an integer from ${least} to ${most}`);
    return [one, value];
  });
  return Object.fromEntries(entries) as Record<K, number>;
}

/** Makes a task of its definition. */
export function task<K extends string>({ settings: known, rules, ...about }: Definition<K>): Task {
  return {
    ...about,
    settings: known,
    problem(given = {}) {
      const settings = complete(about.name, known, given);
      const { characters, leastLength, chance, guess, row } = rules(settings);
      const source = (seed: number): Source => {
        const randomOf = randomOfBatches(seed);
        return (batch, rows, length) => {
          if (length < leastLength)
            failTask(
              about.name,
              `rows of ${length} tokens are too short for its settings; give ${leastLength} or more`,
            );
          const random = randomOf(batch);
          const [tokens, labels] = [new Int32Array(rows * length), new Int32Array(rows * length).fill(ignoredLabel)];
          for (let at = 0; at < tokens.length; at += length)
            row(random, tokens.subarray(at, at + length), labels.subarray(at, at + length));
          return { tokens, labels };
        };
      };
      // the other half of the seeds
      const validationSeed = (seed: number): number => (seed ^ (1 << 31)) >>> 0;
      return {
        settings,
        vocabulary: { kind: 'characters', characters },
        leastLength,
        chance,
        guess,
        source,
        data: (seed) => ({ train: source(seed), validation: source(validationSeed(seed)) }),
      };
    },
  };
}

/** Where more than 26 letters are needed: blocks of Unicode with thousands of characters, Chinese and Korean. */
const blocks = { a: 0x4e00, A: 0xac00 };

/** Characters that all differ, small letters or capitals: a … z, or a larger block of Unicode. */
export const letters = (first: 'a' | 'A', count: number): string[] => {
  const start = count <= 26 ? first.codePointAt(0)! : blocks[first];
  return Array.from({ length: count }, (_, i) => String.fromCodePoint(start + i));
};

/** The accuracy of a random choice among `count` independent symbols of `symbols`, of which one is right. */
export const guessAmong = (count: number, symbols: number): number => 1 / count + (1 - 1 / count) / symbols;

/** Draws `count` different integers below `below`, in random order. */
export function drawDistinct(random: Rng, count: number, below: number): number[] {
  const all = Array.from({ length: below }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(below - i);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all.slice(0, count);
}
