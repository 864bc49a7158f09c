/** @file Runs a backend as one process for all questions, over its standard input and output. */
import type { Backend, Failure } from './backend.ts';
import { type Carrier, converse, inSeconds, type Patience } from './conversation.ts';
import { failed } from './failure.ts';
import { decoder, frame } from './framing.ts';
import { checkSystem, endingFailure, settlesWithin, startGroup } from './group.ts';
import { defaultLimits, type Limits } from './limits.ts';

/**
 * Starts a command through the shell, in a process group of its own, and asks it to describe itself. After a failure the group
 * is ended, and the next question starts it afresh. Throws BackendError, which tells the `name`, where the command does not describe itself.
 */
export async function openProcess(command: string, limits: Partial<Limits> = {}, name = command): Promise<Backend> {
  checkSystem();
  const all = { ...defaultLimits, ...limits };
  return converse(name, streamCarrier(command, all), all);
}

/** Milliseconds to wait for the rest of a text that came in place of a message. */
const MORE_TEXT = 100;

/** Milliseconds to wait for the end of a process that closed its input or output: its status says more. */
const ENDING = 500;

/** The most bytes of a message that was not asked for. */
const UNASKED = 2 ** 20;

function streamCarrier(command: string, { grace }: Limits): Carrier {
  let running: Running | null = null;
  let lines: () => readonly string[] = () => [];
  let gone: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  return {
    startsAnew: () => running === null,
    stays: true,
    async carry(file, patience) {
      if (running === null) {
        await gone; // two processes may not fit into a GPU's memory
        if (isClosed) return failed('exited', 'it was closed');
        running = start(command, grace);
        lines = running.lastLines;
      }
      return running.carry(file, patience);
    },
    async giveUp(failure) {
      if (running === null) return failure;
      gone = running.stop(failure);
      running = null;
      // the last lines that it writes
      await settlesWithin(gone, 200);
      return { ...failure, stderr: lines() };
    },
    async renew() {
      gone = running?.close() ?? gone;
      running = null;
      await gone;
    },
    lastLines: () => lines(),
    async close() {
      isClosed = true;
      await running?.close();
      await gone;
      running = null;
    },
  };
}

/** One process. */
interface Running {
  carry(file: Uint8Array, patience: Patience): Promise<Uint8Array | Failure>;
  lastLines(): readonly string[];
  stop(failure: Failure): Promise<void>;
  close(): Promise<void>;
}

/** A pending question. */
interface Waiting {
  readonly patience: Patience;
  /** Takes a file; false where it has one already. */
  take(file: Uint8Array): boolean;
  fail(failure: Failure): void;
}

function start(command: string, grace: number): Running {
  const group = startGroup(command);
  const { stdin, stdout } = group;
  const stream = decoder();
  let waiting: Waiting | null = null;
  /** An answer without a question. It is given to the next question, and its id is wrong. */
  let early: Uint8Array | null = null;
  let broken: Failure | null = null;
  let hasSpoken = false;

  /** Ends the conversation: the pending question fails, or the next one. */
  function breakOff(failure: Failure): void {
    if (broken !== null) return;
    broken = failure;
    stdout.destroy();
    void group.kill(grace);
    waiting?.fail(failure);
  }

  /** The end of a sentence about an unexpected end. */
  function when(): string {
    const partial = stream.partial();
    const came = partial === null ? '' : ` (${partial} came)`;
    return waiting === null ? `between two questions${came}` : `before it answered ${waiting.patience.asked}${came}`;
  }

  stdout.on('data', (chunk: Buffer) => {
    const { files, failure } = stream.push(chunk, waiting?.patience.bytes ?? UNASKED);
    for (const file of files) {
      hasSpoken = true;
      if (waiting?.take(file)) continue;
      if (early === null) early = file;
      else breakOff(failed('wrong-message', 'it sends more messages than it was asked for'));
    }
    if (failure !== null) breakOff(failure);
    else if (stream.isInText()) setTimeout(() => breakOff(stream.end()!), MORE_TEXT).unref();
  });
  const closed = (what: string) => () => {
    setTimeout(
      () => breakOff(failed('exited', `it closed its standard ${what} ${when()}, but runs on`)),
      ENDING,
    ).unref();
  };
  stdout.on('end', closed('output'));
  stdin.on('error', closed('input'));
  void group.ended.then((ending) => {
    const isCut = ending.how === 'status' && ending.status === 0;
    breakOff((isCut || stream.isInText() ? stream.end() : null) ?? endingFailure(ending, when(), hasSpoken));
  });

  function carry(file: Uint8Array, patience: Patience): Promise<Uint8Array | Failure> {
    if (early !== null) return Promise.resolve(early);
    if (broken !== null) return Promise.resolve(broken);
    return new Promise((resolve) => {
      let answer: Uint8Array | null = null;
      let isWritten = false;
      const settle = (result: Uint8Array | Failure): void => {
        waiting = null;
        resolve(result);
      };
      const late = (): void => {
        if (waiting?.patience !== patience) return;
        const within = `within ${inSeconds(patience.milliseconds)}`;
        const partial = stream.partial();
        const came = partial === null ? '' : `: ${partial} came`;
        breakOff(
          failed(
            'timeout',
            isWritten
              ? `it did not answer ${patience.asked} ${within}${came}`
              : `it did not read ${patience.asked} ${within}`,
          ),
        );
      };
      void patience.late.then(late);
      waiting = {
        patience,
        take(came) {
          if (answer !== null) return false;
          answer = came;
          if (isWritten) settle(answer);
          return true;
        },
        fail: settle,
      };
      // an answer counts once the question is read, so at most one question waits in memory
      stdin.write(frame(file), (error) => {
        if (error) return;
        isWritten = true;
        if (answer !== null) settle(answer);
      });
    });
  }

  async function close(): Promise<void> {
    stdin.end();
    if (!(await settlesWithin(group.ended, grace))) await group.kill(grace);
  }
  return {
    carry,
    lastLines: group.lastLines,
    stop(failure) {
      breakOff(failure);
      return group.kill(grace);
    },
    close,
  };
}
