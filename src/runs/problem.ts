/** @file Makes what a run learns from its settings: a text as tokens, or a synthetic task. */
import { fail } from '../tensor/errors.ts';
import { randomWindows, splitTokens, type TrainingData, taskNamed, windowsInOrder } from '../training/index.ts';
import { corpusOf } from './corpus.ts';
import type { Settings } from './settings.ts';
import { sha256Of } from './sha256.ts';
import { ofVocabulary, type Tokens, tokensFor } from './tokens.ts';
import { unigramEntropy } from './unigram-entropy.ts';

interface Common {
  /** The text or the task, in words. */
  readonly name: string;
  readonly tokens: Tokens;
  /** SHA-256 of the text, or of the first rows of the task. */
  readonly sha256: string;
  readonly data: Required<TrainingData>;
}

/** Next tokens of a text. */
export interface TextProblem extends Common {
  readonly kind: 'text';
  /** Tokens of the whole text, and the entropy of those for validation by how often each occurs, in nats. */
  readonly ids: Int32Array;
  readonly entropy: number;
}

/** Answers of a task: its settings, complete, and the accuracies of one answer to everything and of a choice among the symbols of a row. */
export interface TaskProblem extends Common {
  readonly kind: 'task';
  readonly set: Settings['set'];
  readonly chance: number;
  readonly guess: number;
}

export type Problem = TextProblem | TaskProblem;

/** What settings are for a problem. */
type Asked = Pick<Settings, 'text' | 'vocabulary' | 'task' | 'set' | 'seed' | 'length'>;

/** The share of the text that is for validation. */
const validationShare = 0.1;

/** Throws unless both parts of a text hold a window. */
export function checkLength(problem: Problem, length: number): void {
  if (problem.kind === 'task') return;
  const { ids } = problem;
  const { train: most, validation } = splitTokens(ids, validationShare);
  if (validation.length > length && most.length > length) return;
  const least = Math.ceil((length + 1) / validationShare);
  fail(
    `the text has ${ids.length} tokens, ${validation.length} of them for validation; rows of ${length} need ${least} or so: give more text, or a smaller --length`,
  );
}

/** What a run that continues was begun with. */
interface Begun {
  readonly folder: string;
  readonly tokens: Tokens;
  readonly sha256: string;
}

function checkSame(name: string, sha256: string, begun: Begun | undefined): void {
  if (begun === undefined || begun.sha256 === sha256) return;
  fail(`train: ${name} is another text than at the beginning of ${begun.folder}; restore it, or begin another run`);
}

function textProblem({ text, vocabulary, seed }: Asked, begun?: Begun): TextProblem {
  const corpus = corpusOf(text);
  const name = text ?? 'the built-in text';
  checkSame(name, corpus.sha256, begun);
  const tokens = begun?.tokens ?? tokensFor(vocabulary, corpus.text);
  const ids = tokens.encode(corpus.text);
  const parts = splitTokens(ids, validationShare);
  return {
    kind: 'text',
    name,
    tokens,
    sha256: corpus.sha256,
    data: { train: randomWindows(parts.train, seed), validation: windowsInOrder(parts.validation) },
    ids,
    entropy: unigramEntropy(parts.validation),
  };
}

function taskProblem(task: string, { set, seed, length }: Asked, begun?: Begun): TaskProblem {
  const problem = taskNamed(task).problem(set);
  const { train, validation = train } = problem.data(seed);
  const rows = [train, validation].map((source) => source(0, 1, length)); // throws where the length is too short
  const values = Object.entries(problem.settings).map(([setting, value]) => `${setting} ${value}`);
  const name = `task ${task} (${values.join(', ')})`;
  const sha256 = sha256Of(rows.map(({ tokens, labels }) => `${tokens} ${labels}`).join('\n'));
  checkSame(name, sha256, begun);
  return {
    kind: 'task',
    name,
    tokens: ofVocabulary(problem.vocabulary),
    sha256,
    data: { train, validation },
    set: problem.settings,
    chance: problem.chance,
    guess: problem.guess(length),
  };
}

/**
 * The problem of settings; with `begun` in the vocabulary of a run. Throws on a text that cannot be read, on a task that cannot be as it
 * is set, and where a run was begun with another.
 */
export const problemOf = (settings: Asked, begun?: Begun): Problem =>
  settings.task === null ? textProblem(settings, begun) : taskProblem(settings.task, settings, begun);

/** Throws where what is asked for is a text and a task at once, or settings of a task without one. */
export function checkAsked({ text, task, set, vocabulary }: Partial<Settings>): void {
  const isTask = task !== undefined && task !== null;
  if (!isTask && set !== undefined && Object.keys(set).length > 0)
    fail(`--set ${Object.keys(set)[0]} belongs to a task; give --task too (densessm tasks lists them)`);
  if (!isTask) return;
  if (text !== undefined && text !== null) fail(`--task ${task} and the text ${text}; give one of them`);
  if (vocabulary !== undefined) fail(`--task ${task} has its own vocabulary; leave out --vocabulary ${vocabulary}`);
}
