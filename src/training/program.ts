/** @file Runs programs of training: compiled by a function that the caller gives, or eagerly on an executor. */
import type { Compiled, Equation, Ran, Slot } from '../executors/gpu/index.ts';
import { fail } from '../tensor/errors.ts';
import { indexInput, input, read } from '../tensor/input.ts';
import type { Executor, Value } from '../tensor/value.ts';

/** Numbers of a list. Compiled programs have single precision, eager ones double. */
export type Numbers = Float32Array | Float64Array;

/** A program that runs eagerly: see {@link eager}. */
export interface EagerProgram {
  (given: Readonly<Record<string, Float64Array>>): Promise<Record<string, Float64Array>>;
  kept(name: string): Promise<Float64Array>;
  dispose(): Promise<void>;
  readonly ran: null;
}

/** What training needs of a compiled program. */
export type CompiledProgram = Pick<Compiled, 'kept' | 'dispose' | 'ran'> &
  ((...given: Parameters<Compiled>) => ReturnType<Compiled>);

/** Options of a program: each kept input, with the result that replaces it after a call. */
export interface ProgramOptions {
  readonly keep: Readonly<Record<string, string>>;
}

/** Where training runs: `compile` of `densessm/gpu`, a function around it that gives other options, or {@link eager}. */
export type RunsOn = (
  equation: Equation,
  inputs: Readonly<Record<string, Slot>>,
  options: ProgramOptions,
) => Promise<CompiledProgram | EagerProgram>;

/**
 * Runs programs eagerly on f64 or f32, in the place of `compile`: for tests, and for training in double precision.
 * @example
 * const twice = await eager(f64)(({ x }) => ({ y: scale(x, 2) }), { x: { shape: [2] } }, { keep: {} });
 * (await twice({ x: Float64Array.of(1, 3) })).y // [2, 6]
 */
export const eager =
  (on: Executor<Float64Array> | Executor<Float32Array>): RunsOn =>
  async (equation, inputs, { keep }): Promise<EagerProgram> => {
    const held = new Map<string, Value>();
    const program = async (given: Readonly<Record<string, Float64Array>>): Promise<Record<string, Float64Array>> => {
      const values = Object.entries(inputs).map(([name, { shape, kind, check }]): [string, Value] => {
        const numbers = given[name];
        const value = numbers === undefined ? held.get(name) : undefined;
        if (value !== undefined) return [name, value];
        if (numbers === undefined) return fail(`eager: input ${name} is missing; give its numbers`);
        check?.(numbers);
        return [name, (kind === 'index' ? indexInput : input)(on as Executor, numbers, shape)];
      });
      const results = equation(Object.fromEntries(values));
      for (const [name, result] of Object.entries(keep)) held.set(name, results[result]!);
      return Object.fromEntries(
        Object.entries(results)
          .filter(([name]) => !Object.values(keep).includes(name))
          .map(([name, x]) => [name, read(x)]),
      );
    };
    const kept = async (name: string): Promise<Float64Array> => {
      const value = held.get(name);
      if (value === undefined) return fail(`eager: ${name} is not kept, or no call has been made yet`);
      return read(value);
    };
    return Object.assign(program, { kept, dispose: async () => held.clear(), ran: null });
  };

/** A program that takes and returns numbers of the precision in which it runs. */
export interface Running {
  call(given: Readonly<Record<string, ArrayLike<number>>>): Promise<Record<string, Numbers>>;
  kept(name: string): Promise<Numbers>;
  dispose(): Promise<void>;
  /** The device of a compiled program; null for an eager one. */
  readonly ran: Ran | null;
}

/** Starts a program where training runs. */
export async function started(
  on: RunsOn,
  equation: Equation,
  inputs: Readonly<Record<string, Slot>>,
  keep: Readonly<Record<string, string>>,
): Promise<Running> {
  const program = await on(equation, inputs, { keep });
  const { kept, dispose, ran } = program;
  const arrays = (
    given: Readonly<Record<string, ArrayLike<number>>>,
    from: typeof Float32Array | typeof Float64Array,
  ) => Object.fromEntries(Object.entries(given).map(([name, x]) => [name, from.from(x)]));
  return {
    call: (given) =>
      isEager(program)
        ? program(arrays(given, Float64Array) as Record<string, Float64Array>)
        : program(arrays(given, Float32Array) as Record<string, Float32Array>),
    kept,
    dispose,
    ran,
  };
}

const isEager = (program: CompiledProgram | EagerProgram): program is EagerProgram => program.ran === null;
