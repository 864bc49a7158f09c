/** @file Compiles a program and its gradient into one function. */
import { vjp } from '../../autograd/vjp.ts';
import { type Compiled, type CompileOptions, compile, type Equation, type Slot } from '../../executors/gpu/index.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Case, Settings } from '../case.ts';
import { asAnswered, type Named, type Program } from '../program.ts';

/** The shapes and settings for which a program is compiled. */
export interface Form {
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly outputs: Readonly<Record<string, Shape>>;
  readonly settings: Settings;
}

/** Options of a compilation. */
export interface ProgramOptions extends CompileOptions {
  /** Whether the gradients of Σ output · cotangent are computed too. */
  readonly gradients: boolean;
}

const prefixed = <T>(prefix: string, named: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(named).map(([name, x]) => [`${prefix}/${name}`, x]);

/** Compiles a program for a form, from `in/…` and `cotangent/…` to `out/…` and `grad/…`, as the protocol names them. */
export function compileProgram(
  program: Program,
  { inputs, outputs, settings }: Form,
  { gradients, ...options }: ProgramOptions,
): Promise<Compiled> {
  const cotangents = Object.entries(outputs).map(([name, shape]): [string, Slot] => [name, { shape }]);
  const slots = [
    ...prefixed('in', inputs),
    ...(gradients ? prefixed('cotangent', Object.fromEntries(cotangents)) : []),
  ];
  const equation: Equation = (all) => {
    const named = (prefix: string, names: Readonly<Record<string, unknown>>): Named =>
      Object.fromEntries(Object.keys(names).map((name) => [name, all[`${prefix}/${name}`]!]));
    const given = named('in', inputs);
    if (!gradients) return asAnswered({ outputs: program(given, settings), gradients: {} });
    const real = Object.fromEntries(Object.entries(given).filter(([, x]) => x.kind === 'real'));
    const { value, pullback } = vjp((xs: Named) => program({ ...given, ...xs }, settings), real);
    return asAnswered({ outputs: value, gradients: pullback(named('cotangent', value)) });
  };
  return compile(equation, Object.fromEntries(slots), options);
}

/** The arguments of a compiled program for a case. */
export const givenOf = ({ inputs, cotangents }: Case, gradients: boolean): Record<string, Float32Array> =>
  Object.fromEntries(
    [...prefixed('in', inputs), ...(gradients ? prefixed('cotangent', cotangents) : [])].map(([name, { data }]) => [
      name,
      Float32Array.from(data),
    ]),
  );
