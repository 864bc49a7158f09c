/** @file Holds the conversation with a backend, over any carrier of messages. */
import { fail } from '../../tensor/errors.ts';
import type { Answer, Backend, Failure, Question, Repeated } from './backend.ts';
import { startClock } from './clock.ts';
import { compiledForm } from './compiled-form.ts';
import { BackendError, failed, isFailure } from './failure.ts';
import type { Limits } from './limits.ts';
import {
  againFile,
  answerIn,
  describeFile,
  descriptionIn,
  LARGEST_DESCRIPTION,
  largestAnswer,
  repeatedIn,
  runFile,
  type SelfDescription,
} from './message.ts';

/** Limits of the wait for an answer. */
export interface Patience {
  /** The question in words. */
  readonly asked: string;
  readonly bytes: number;
  readonly milliseconds: number;
  /** Resolves when these are over. */
  readonly late: Promise<void>;
}

/** Carries a question to a program and the answer back, as files. */
export interface Carrier {
  /** Whether the next file starts a new process, which must first describe itself. */
  startsAnew(): boolean;
  /** Whether a process stays for the next question, and with it what it compiled. */
  readonly stays: boolean;
  carry(file: Uint8Array, patience: Patience): Promise<Uint8Array | Failure>;
  /** Ends the process after a failure. Returns the failure with the last lines of standard error. */
  giveUp(failure: Failure): Promise<Failure>;
  /** Ends the process, if it stays for more than one message. The next file starts a new one. */
  renew?(): Promise<void>;
  /** The last lines of standard error. */
  lastLines(): readonly string[];
  close(): Promise<void>;
}

/** Milliseconds as seconds in a sentence. */
export const inSeconds = (milliseconds: number): string => `${Number((milliseconds / 1000).toPrecision(3))} s`;

/** Whether two questions are the same one: of the same case, not of equal numbers. */
const isSame = (a: Question, b: Question): boolean =>
  a.c === b.c &&
  a.operator === b.operator &&
  a.mode === b.mode &&
  a.dtype === b.dtype &&
  a.gradients === b.gradients &&
  a.batch === undefined &&
  b.batch === undefined;

/** Opens a conversation with a command. Throws BackendError when the backend does not describe itself. */
export async function converse(command: string, carrier: Carrier, limits: Limits): Promise<Backend> {
  let lastId = 0;
  let spent = 0;
  let inARow = 0;
  let isClosed = false;

  /** Sends one message and reads one; an error that `read` finds is a failure as well. */
  async function exchange<T extends object>(
    fileFor: (id: string) => Uint8Array,
    read: (file: Uint8Array, id: string) => T | Failure,
    asked: string,
    bytes: number,
    milliseconds: number,
  ): Promise<T | Failure> {
    if (isClosed) return failed('exited', 'it was closed');
    const left = limits.total - spent;
    const outOfTime = failed(
      'out-of-time',
      `all questions together took ${inSeconds(limits.total)}, which is the limit`,
    );
    if (left <= 0) return carrier.giveUp(outOfTime);
    const id = String(++lastId);
    const file = fileFor(id);
    const time = Math.min(milliseconds, left);
    const clock = startClock(time);
    const came = await carrier.carry(file, { asked, bytes, milliseconds: time, late: clock.late });
    spent += clock.stop();
    const result = isFailure(came) ? came : read(came, id);
    if (!isFailure(result)) return result;
    if (result.kind === 'said-so') {
      // lines written before the answer have come, but may be read later in this turn of the event loop
      await new Promise((resolve) => setImmediate(resolve));
      return { ...result, stderr: carrier.lastLines() };
    }
    const isTotal = result.kind === 'timeout' && left < milliseconds;
    return carrier.giveUp(isTotal ? outOfTime : result);
  }

  const describe = (): Promise<SelfDescription | Failure> =>
    exchange(describeFile, descriptionIn, 'describe', LARGEST_DESCRIPTION, limits.start);

  let last: Failure | null = null;
  const compiled = new Set<string>();
  /** The last question, if it was answered with numbers. */
  let held: { readonly id: string; readonly question: Question } | null = null;

  /** Counts failures in a row. A backend that reports an error goes on. */
  function noted(failure: Failure): Failure {
    inARow = failure.kind === 'said-so' ? 0 : inARow + 1;
    last = failure;
    return failure;
  }

  async function answer(question: Question): Promise<Answer> {
    held = null;
    if (last !== null && inARow > limits.restarts) {
      const message = `${last.message} (${inARow} failures in a row: it is not asked any more)`;
      return { kind: 'failure', failure: { ...last, kind: 'given-up', message } };
    }
    const startsAnew = carrier.startsAnew();
    if (startsAnew) compiled.clear();
    const described = startsAnew ? await describe() : null;
    const form = opened.compiles ? compiledForm(question) : null;
    const isNew = form !== null && !compiled.has(form);
    const result =
      described !== null && isFailure(described)
        ? described
        : await exchange(
            (id) => runFile(id, question),
            (file, id) => {
              const read = answerIn(file, id);
              if (!isFailure(read) && read.kind === 'numbers') held = { id, question };
              return read;
            },
            isNew ? 'the first question of a shape' : 'a question',
            largestAnswer(question),
            limits.question + (isNew ? limits.compile : 0),
          );
    if (form !== null && carrier.stays && !isFailure(result)) compiled.add(form);
    if (isFailure(result)) return { kind: 'failure', failure: noted(result) };
    inARow = 0;
    return result;
  }

  async function again(question: Question, times: number): Promise<Repeated | null> {
    if (held === null || !isSame(held.question, question) || carrier.startsAnew()) return null;
    const { id: of } = held;
    const result = await exchange(
      (id) => againFile(id, of, times),
      (file, id) => repeatedIn(file, id, times),
      'a question again',
      largestAnswer(question),
      times * limits.question,
    );
    if (isFailure(result)) return { times: 1, answer: { kind: 'failure', failure: noted(result) } };
    inARow = 0;
    return result;
  }

  const first = await describe();
  if (isFailure(first)) {
    await carrier.close();
    throw new BackendError(command, first);
  }
  const opened = first;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /** Runs one exchange at a time, even if the caller does not wait; at once if it can, so that both sides work at the same time. */
  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (isClosed) fail('answer: the backend is closed; open it again');
    const mine = waiting++ === 0 ? run() : turn.then(run);
    const done = (): void => {
      waiting--;
    };
    turn = mine.then(done, done);
    return mine;
  }
  const { description, compiles, repeats } = opened;
  return {
    description,
    compiles,
    answer: async (question) => inTurn(() => answer(question)),
    ...(repeats && carrier.stays && { again: async (question, times) => inTurn(() => again(question, times)) }),
    ...(carrier.renew !== undefined && { renew: () => carrier.renew!() }),
    async close() {
      isClosed = true;
      await carrier.close();
    },
  };
}
