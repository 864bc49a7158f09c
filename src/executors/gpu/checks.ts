/** @file Checks kept inputs and memory before a run, and the errors of the device after it. */
import { fail } from '../../tensor/errors.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { DeviceError } from './device/open-device.ts';
import type { Work } from './fusion/schedule.ts';
import type { Program } from './trace/program.ts';
import type { Slot } from './trace/trace.ts';

/** Throws an InputError unless every kept input and its output exist and have the same shape. */
export function checkKept(
  keep: Readonly<Record<string, string>>,
  inputs: Readonly<Record<string, Slot>>,
  { outputs }: Program,
): void {
  for (const [input, output] of Object.entries(keep)) {
    const [to, from] = [inputs[input], outputs[output]];
    const lacking = to === undefined ? 'input' : from === undefined ? 'output' : null;
    if (lacking !== null)
      fail(`compile: input ${input} is to be kept as output ${output}; there is no such ${lacking}`);
    const [has, gets] = [to!.shape, from!.shape];
    if (!sameShape(has, gets)) {
      fail(`compile: kept input ${input} has shape ${show(has)}, output ${output} ${show(gets)}; they must agree`);
    }
    if (to!.kind === 'index') fail(`compile: input ${input} is of kind index; only real inputs can be kept`);
  }
}

/** Throws an InputError unless the number of threads is a count or not given. */
export function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isSafeInteger(threads) && threads > 0)) return;
  fail(`compile: threads is ${threads}; give the most threads that may run, 1 or more`);
}

const smaller = 'use smaller batches, fewer steps in one call, or checkpoint';

/** Throws an InputError when the arrays of a program take more than `most` bytes. */
export function checkMemory({ kernels, bytes }: Work, most: number): void {
  if (bytes > most)
    fail(
      `compile: the arrays of ${kernels} kernels take ${bytes} bytes together, and at most ${most} are allowed; ${smaller}`,
    );
}

/** Starts a program in memory of its own. Throws an InputError where the machine lacks memory for its arrays. */
export async function inMemory<T>({ kernels, bytes }: Work, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return fail(
      `compile: this machine has no memory for the arrays of ${kernels} kernels, which take ${bytes} bytes together; ${smaller}`,
    );
  }
}

/**
 * Runs a task on a device. Throws when the device reports an error meanwhile, as its results are then wrong: an InputError if it is
 * out of memory, else an Error.
 */
export async function guarded<T>(errors: readonly DeviceError[], work: Work, task: () => Promise<T>): Promise<T> {
  const before = errors.length;
  const outcome = await task().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const reported = errors.slice(before);
  if (reported.some(({ isMemory }) => isMemory)) {
    fail(
      `compiled function: the device is out of memory; its ${work.kernels} kernels take ${work.bytes} bytes together: ${smaller}, and dispose of functions that are not called any more`,
    );
  }
  if (reported.length > 0) {
    const messages = reported.map(({ message }) => message).join('; ');
    throw new Error(`the device reported errors, so its numbers are void: ${messages}`);
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
