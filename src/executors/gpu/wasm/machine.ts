/** @file Compiles the chunks of a program to one module of WebAssembly, and runs them on one memory: on this thread, or on several others. */
import { fail } from '../../../tensor/errors.ts';
import { alone, together } from '../../../wasm/chunks.ts';
import { assemble } from '../../../wasm/module.ts';
import { compile, instantiate, type Memory, newMemory, newSharedMemory } from '../../../wasm/runtime.ts';
import { startTeam, type Team } from '../../../wasm/workers.ts';
import { firstByte } from './arrays.ts';
import type { Chunks } from './steps.ts';

/** The memory of a program, and its threads. */
export interface Machine {
  readonly memory: Memory;
  readonly threads: number;
  /** Computes the chunks from `from` to before `to`. Throws an Error when a thread breaks. */
  run(from: number, to: number): Promise<void>;
  end(): void;
}

/** Sizes of a machine: the pages of its arrays, the bytes of each thread's room for panels, and the number of threads. */
export interface MachineSizes {
  readonly pages: number;
  readonly room: number;
  readonly threads: number;
}

const page = 2 ** 16;

/** Compiles a program. One thread is this one; several are workers, and this one is free while they compute. */
export async function startMachine(chunks: Chunks, { pages, room, threads }: MachineSizes): Promise<Machine> {
  if (threads === 1) {
    const memory = newMemory(pages);
    const { run } = instantiate<'run'>(assemble([alone(chunks.callee)]), memory);
    return { memory, threads: 1, run: async (from, to) => void run(from, to, firstByte), end: () => undefined };
  }
  const all = pages + Math.ceil((4 * chunks.count) / page);
  const { begin, serve } = together(chunks.callee, chunks.count, pages * page);
  const memory = newSharedMemory(all);
  new Int32Array(memory.buffer, pages * page, chunks.count).set(chunks.ready);
  const { module, instantiate: withMemory } = compile<'begin' | 'serve'>(assemble([begin, serve], all));
  const functions = withMemory(memory);
  const rooms = Array.from({ length: threads }, (_, k) => firstByte + k * room);
  const team = await startTeam(module, memory, rooms).catch(
    (error: Error): Team =>
      fail(`compile: a thread of backend wasm did not start (${error.message}); give threads: 1, or remove the reason`),
  );
  let broken: Error | null = null;
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
    team.end();
  };
  const run = async (from: number, to: number): Promise<void> => {
    if (broken !== null) throw broken;
    try {
      await team.run(() => void functions.begin(from, to));
    } catch (error) {
      if (isEnded) fail('compiled function: it has been disposed of; compile it again');
      team.end();
      broken = new Error(`compiled function: a thread broke (${(error as Error).message}); compile it again`);
      throw broken;
    }
  };
  return { memory, threads, run, end };
}
