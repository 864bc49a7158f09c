/**
 * @file Records the kernel launches of a trace in order (the schedule), and replays them through gpu.js without launches that no
 * result needs.
 */
import { type Kernel, type KernelOf, keyOf, type Routine, type Workgroup } from '../text/kernel.ts';
import { type Argument, argumentName } from '../text/script.ts';
import type { Resident } from '../values/numbers.ts';

/** One run of a kernel on its operands. */
interface Launch {
  readonly kernel: Kernel;
  readonly operands: readonly Argument[];
  readonly result: Resident;
}

/** The resources of a device that a program needs. */
export interface Work {
  readonly kernels: number;
  /** Number of distinct kernels. gpu.js compiles each once. */
  readonly distinct: number;
  /** Peak memory in bytes. gpu.js reuses the memory of a free array for an array of the same size. */
  readonly bytes: number;
}

/** One launch of a kernel. */
export interface Call extends Kernel {
  /** Bytes of its arguments, counting each array once, and of its result. */
  readonly bytes: number;
}

/** The launches of a trace, in order. */
export interface Schedule {
  /**
   * Adds a launch and returns its result. If the same kernel has been launched on the same arguments, returns that result (common
   * subexpression elimination).
   */
  launch(
    size: number,
    operands: readonly Argument[],
    body: string,
    workgroup?: Workgroup,
    routine?: Routine | null,
  ): Resident;
  /** Returns an array of constants. Equal numbers share one array. */
  table(numbers: Float32Array): Resident;
  /** Runs the launches that `results` depend on through gpu.js, and returns the handle of each result. */
  replay(results: readonly Resident[], argumentHandles: readonly unknown[], kernelOf: KernelOf): unknown[];
  /** The launches that `results` depend on, in order. */
  calls(results: readonly Resident[]): Call[];
  /** The resources needed to compute `results`. */
  work(results: readonly Resident[]): Work;
}

/** Makes an empty schedule. `passesStarts` is that of all results of kernels. */
export function createSchedule(passesStarts = false): Schedule {
  const list: Launch[] = [];
  const known = new Map<string, Resident>();
  const tables = new Map<number, Resident[]>();
  const ids = new Map<Resident, number>();
  const idOf = (x: Argument): string => {
    if (x.is !== 'resident') return `=${Object.is(x.number, -0) ? '-0' : x.number}`;
    const id = ids.get(x) ?? ids.size;
    ids.set(x, id);
    return `${id}`;
  };

  const live = (results: readonly Resident[]): Launch[] => {
    const wanted = new Set<Argument>(results);
    const launches: Launch[] = [];
    for (const launch of list.toReversed()) {
      if (!wanted.has(launch.result)) continue;
      launches.push(launch);
      for (const operand of launch.operands) wanted.add(operand);
    }
    return launches.reverse();
  };

  return {
    launch(size, operands, body, workgroup, routine = null) {
      if (operands.some((x) => x.is === 'resident' && x.place !== undefined))
        throw new Error('an operand is not in its place');
      const names = operands.map(argumentName);
      const text = `function (${names.join(', ')}) {\nconst i = this.thread.x;\n${body}\n}`;
      const kernel: Kernel = { text, size, workgroup: workgroup ?? null, routine };
      const key = `${operands.map(idOf)} ${keyOf(kernel)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const result: Resident = { is: 'resident', size, source: null, passesStarts };
      list.push({ kernel, operands, result });
      known.set(key, result);
      return result;
    },
    table(numbers) {
      const same = tables.get(numbers.length) ?? [];
      tables.set(numbers.length, same);
      const before = same.find(({ source }) => (source as Float32Array).every((x, i) => Object.is(x, numbers[i])));
      if (before !== undefined) return before;
      // gpu.js copies an argument at every use, and would upload the table as often
      Object.defineProperty(numbers, 'slice', { value: () => numbers });
      const made: Resident = { is: 'resident', size: numbers.length, source: numbers };
      same.push(made);
      return made;
    },
    replay(results, argumentHandles, kernelOf) {
      const handles = new Map<Argument, unknown>();
      const handleOf = (x: Argument): unknown => {
        if (x.is !== 'resident') return x.number;
        if (x.source === null) return handles.get(x);
        return typeof x.source === 'number' ? argumentHandles[x.source] : x.source;
      };
      for (const { kernel, operands, result } of live(results)) {
        handles.set(result, kernelOf(kernel)(...operands.map(handleOf)));
      }
      return results.map(handleOf);
    },
    calls: (results) =>
      live(results).map(({ kernel, operands }) => {
        const arrays = [...new Set(operands)].filter((x): x is Resident => x.is === 'resident');
        return { ...kernel, bytes: 4 * arrays.reduce((sum, { size }) => sum + size, kernel.size) };
      }),
    work(results) {
      const launches = live(results);
      return {
        kernels: launches.length,
        distinct: new Set(launches.map(({ kernel }) => keyOf(kernel))).size,
        bytes: 4 * peakElements(launches, results),
      };
    },
  };
}

/** Peak memory in elements, by liveness. After its last use, an array is reused for a result of the same size. */
function peakElements(launches: readonly Launch[], results: readonly Resident[]): number {
  const last = new Map<Argument, number>();
  launches.forEach(({ operands }, i) => {
    for (const operand of operands) last.set(operand, i);
  });
  for (const result of results) last.set(result, launches.length);
  const free = new Map<number, number>();
  const ending = new Map<number, Resident[]>();
  const given = [...last.keys()].filter((x): x is Resident => x.is === 'resident' && x.source !== null);
  let total = given.reduce((sum, { size }) => sum + size, 0);
  launches.forEach(({ result }, i) => {
    for (const { size } of ending.get(i - 1) ?? []) free.set(size, (free.get(size) ?? 0) + 1);
    const spare = free.get(result.size) ?? 0;
    if (spare > 0) free.set(result.size, spare - 1);
    else total += result.size;
    const end = last.get(result) ?? i;
    ending.set(end, [...(ending.get(end) ?? []), result]);
  });
  return total;
}
