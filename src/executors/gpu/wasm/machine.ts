/** @file Compiles the chunks of a program to one module of WebAssembly, and runs them on one memory: on this thread, or with others. */
import { fail } from '../../../tensor/errors.ts';
import { alone, counters, together } from '../../../wasm/chunks.ts';
import { assemble } from '../../../wasm/module.ts';
import { compile, instantiate, type Memory, newMemory, newSharedMemory } from '../../../wasm/runtime.ts';
import { maySleep, startTeam, type Team } from '../../../wasm/workers.ts';
import { firstByte } from './arrays.ts';
import type { Chunks } from './steps.ts';

/** The memory of a program, and its threads. */
export interface Machine {
  readonly memory: Memory;
  readonly threads: number;
  /** Computes the chunks from `from` to before `to`. Returns null, or an error to wait for if a thread broke. */
  run(from: number, to: number): Promise<never> | null;
  end(): void;
}

/** Sizes of a machine: the pages of its arrays, the bytes of each thread's room for panels, and the number of threads. */
export interface MachineSizes {
  readonly pages: number;
  readonly room: number;
  readonly threads: number;
}

const page = 2 ** 16;

/** Compiles a program and starts its threads. */
export async function startMachine(chunks: Chunks, { pages, room, threads }: MachineSizes): Promise<Machine> {
  if (threads === 1) {
    const memory = newMemory(pages);
    const { run } = instantiate<'run'>(assemble([alone(chunks.callee)]), memory);
    const once = (from: number, to: number): null => {
      run(from, to, firstByte);
      return null;
    };
    return { memory, threads: 1, run: once, end: () => undefined };
  }
  const all = pages + Math.ceil((4 * chunks.count) / page);
  const exported = together(chunks.callee, chunks.count, pages * page);
  const memory = newSharedMemory(all);
  new Int32Array(memory.buffer, pages * page, chunks.count).set(chunks.ready);
  const { module, instantiate: withMemory } = compile<'run' | 'serve'>(assemble([exported.run, exported.serve], all));
  const functions = withMemory(memory);
  const rooms = Array.from({ length: threads - 1 }, (_, k) => firstByte + (k + 1) * room);
  const team = await startTeam(module, memory, rooms).catch(
    (error: Error): Team =>
      fail(`compile: a thread of backend wasm did not start (${error.message}); give threads: 1, or remove the reason`),
  );
  const integers = new Int32Array(memory.buffer);
  let broken: Promise<never> | null = null;
  const why = (error: unknown): never => {
    team.end();
    throw new Error(`compiled function: a thread broke (${(error as Error).message}); compile it again`);
  };
  const run = (from: number, to: number): Promise<never> | null => {
    if (broken !== null) return broken;
    try {
      functions.run(from, to, firstByte, maySleep ? 1 : 0);
      if (Atomics.load(integers, counters.failed / 4) !== 0) broken = team.failure.catch(why);
    } catch (error) {
      broken = Promise.reject(error).catch(why);
    }
    return broken;
  };
  return { memory, threads, run, end: team.end };
}
