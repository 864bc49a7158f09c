/** @file The kernels of a trace, in order: listed while it runs, given to gpu.js at its end, without those that nothing needs. */
import { type Kernel, type KernelOf, keyOf, type Workgroup } from '../text/kernel.ts';
import { type Argument, argumentName } from '../text/script.ts';
import type { Resident } from '../values/numbers.ts';

interface Launch {
  readonly kernel: Kernel;
  readonly operands: readonly Argument[];
  readonly result: Resident;
}

/** What a program asks of a device. */
export interface Work {
  readonly kernels: number;
  /** Kernels that differ, which are compiled. */
  readonly distinct: number;
  /** Bytes of the arrays that kernels read and write, those that are free used again, as gpu.js does. */
  readonly bytes: number;
}

/** A kernel as it is called: its text, what it reads and writes. */
export interface Call extends Kernel {
  /** Bytes of the arrays that it is given, each once, and of its result. */
  readonly bytes: number;
}

/** The kernels of a trace. */
export interface Launches {
  /** Adds a kernel, or finds that the same one has run on the same arrays. */
  launch(size: number, operands: readonly Argument[], body: string, workgroup?: Workgroup): Resident;
  /** A table, or the one of the same numbers. */
  table(numbers: Float32Array): Resident;
  /** Calls what gpu.js makes of the kernels that `results` need; gives each result's handle. */
  replay(results: readonly Resident[], argumentHandles: readonly unknown[], kernelOf: KernelOf): unknown[];
  /** The kernels that `results` need, in order. */
  calls(results: readonly Resident[]): Call[];
  /** What `results` need. */
  work(results: readonly Resident[]): Work;
}

/** An empty list. */
export function launches(): Launches {
  const list: Launch[] = [];
  const known = new Map<string, Resident>();
  const tables = new Map<number, Resident[]>();
  const ids = new Map<Resident, number>();
  const idOf = (x: Argument): string => {
    if (x.is === 'fill') return `=${Object.is(x.number, -0) ? '-0' : x.number}`;
    const id = ids.get(x) ?? ids.size;
    ids.set(x, id);
    return `${id}`;
  };

  const needed = (results: readonly Resident[]): Launch[] => {
    const wanted = new Set<Argument>(results);
    const kept: Launch[] = [];
    for (const launch of list.toReversed()) {
      if (!wanted.has(launch.result)) continue;
      kept.push(launch);
      for (const operand of launch.operands) wanted.add(operand);
    }
    return kept.reverse();
  };

  return {
    launch(size, operands, body, workgroup) {
      const names = operands.map(argumentName);
      const text = `function (${names.join(', ')}) {\nconst i = this.thread.x;\n${body}\n}`;
      const kernel: Kernel = { text, size, workgroup: workgroup ?? null };
      const key = `${operands.map(idOf)} ${keyOf(kernel)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const result: Resident = { is: 'resident', size, source: null };
      list.push({ kernel, operands, result });
      known.set(key, result);
      return result;
    },
    table(numbers) {
      const same = tables.get(numbers.length) ?? [];
      tables.set(numbers.length, same);
      const before = same.find(({ source }) => (source as Float32Array).every((x, i) => Object.is(x, numbers[i])));
      if (before !== undefined) return before;
      // gpu.js copies every argument that it is called with, and would upload a table as often as it is used
      Object.defineProperty(numbers, 'slice', { value: () => numbers });
      const made: Resident = { is: 'resident', size: numbers.length, source: numbers };
      same.push(made);
      return made;
    },
    replay(results, argumentHandles, kernelOf) {
      const handles = new Map<Argument, unknown>();
      const handleOf = (x: Argument): unknown => {
        if (x.is === 'fill') return x.number;
        if (x.source === null) return handles.get(x);
        return typeof x.source === 'number' ? argumentHandles[x.source] : x.source;
      };
      for (const { kernel, operands, result } of needed(results)) {
        handles.set(result, kernelOf(kernel)(...operands.map(handleOf)));
      }
      return results.map(handleOf);
    },
    calls: (results) =>
      needed(results).map(({ kernel, operands }) => {
        const arrays = [...new Set(operands)].filter((x): x is Resident => x.is === 'resident');
        return { ...kernel, bytes: 4 * arrays.reduce((sum, { size }) => sum + size, kernel.size) };
      }),
    work(results) {
      const kept = needed(results);
      return {
        kernels: kept.length,
        distinct: new Set(kept.map(({ kernel }) => keyOf(kernel))).size,
        bytes: 4 * numbersHeld(kept, results),
      };
    },
  };
}

/** Numbers in arguments and tables, and in what kernels write: an array is used again for one of its size once nothing reads it. */
function numbersHeld(kept: readonly Launch[], results: readonly Resident[]): number {
  const last = new Map<Argument, number>();
  kept.forEach(({ operands }, i) => {
    for (const operand of operands) last.set(operand, i);
  });
  for (const result of results) last.set(result, kept.length);
  const free = new Map<number, number>();
  const ending = new Map<number, Resident[]>();
  const given = [...last.keys()].filter((x): x is Resident => x.is === 'resident' && x.source !== null);
  let total = given.reduce((sum, { size }) => sum + size, 0);
  kept.forEach(({ result }, i) => {
    for (const { size } of ending.get(i - 1) ?? []) free.set(size, (free.get(size) ?? 0) + 1);
    const spare = free.get(result.size) ?? 0;
    if (spare > 0) free.set(result.size, spare - 1);
    else total += result.size;
    const end = last.get(result) ?? i;
    ending.set(end, [...(ending.get(end) ?? []), result]);
  });
  return total;
}
