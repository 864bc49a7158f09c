/** @file Answers of cases of operators: named inputs, named outputs, gradients of the probed outputs. */
import { vjp } from '../autograd/vjp.ts';
import { once } from '../tensor/once.ts';
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Answers, answer, realIn, type VectorCase } from './case.ts';

/** Values by the names that the vectors have for them, without prefix. */
export type NamedValues = Readonly<Record<string, Value>>;

/** An operator as a case describes it. */
export interface ProbedCase {
  /** The shape of every input, by its name without `in/`. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** The probe of every output, by their names without `out/` and `in/`; an output whose probe is not given counts for nothing. */
  readonly probes: Readonly<Record<string, string>>;
  readonly run: (inputs: NamedValues) => NamedValues;
}

/**
 * `out/<name>` of every output; `out/scalar`, which is Σ output ∘ probe; and its gradient `grad/in/<name>` for every input. Throws on
 * missing and misshaped inputs.
 */
export function probedOutputs(testCase: VectorCase, { inputs, probes, run }: ProbedCase): Answers['tensors'] {
  const shapes = Object.entries(inputs);
  const given = Object.fromEntries(shapes.map(([name, shape]) => [name, realIn(testCase, `in/${name}`, shape)]));
  const evaluated = once(() => vjp(run, given));
  const cotangents = once(() =>
    Object.fromEntries(
      Object.entries(evaluated().value).map(([name, x]) => [name, probeIn(testCase, `in/${probes[name]}`, x)]),
    ),
  );
  const gradient = once(() => evaluated().pullback(cotangents()));
  const answers = (prefix: string, names: readonly string[], value: (name: string) => Value): Answers['tensors'] =>
    Object.fromEntries(names.map((name) => [`${prefix}${name}`, () => answer(value(name))]));
  return {
    ...answers('out/', Object.keys(probes), (name) => evaluated().value[name]!),
    ...answers('out/', ['scalar'], () =>
      Object.entries(evaluated().value)
        .map(([name, x]) => total(mul(x, cotangents()[name]!)))
        .reduce(add),
    ),
    ...answers('grad/in/', Object.keys(inputs), (name) => gradient()[name]!),
  };
}

/** An operator as a case describes it, in several modes. */
export interface ProbedModes extends Omit<ProbedCase, 'run'> {
  readonly runs: Readonly<Record<string, ProbedCase['run']>>;
}

/** The answers of {@link probedOutputs} in every mode. The first one answers first. */
export function probedInModes(
  testCase: VectorCase,
  { runs, ...probed }: ProbedModes,
): Answers & Required<Pick<Answers, 'modes'>> {
  const modes = Object.entries(runs).map(([mode, run]) => [mode, probedOutputs(testCase, { ...probed, run })] as const);
  return { tensors: modes[0]![1], modes: Object.fromEntries(modes.slice(1)) };
}

const probeIn = (testCase: VectorCase, name: string, output: Value): Value =>
  testCase.tensors.has(name) ? realIn(testCase, name, output.shape) : zerosLike(output);

const total = (x: Value): Value =>
  sum(
    x,
    x.shape.map((_, axis) => axis),
  );
