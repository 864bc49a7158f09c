/** @file Computes the right answer to a question, and bounds on the errors of right implementations. */
import { type Functional, firstOrder, firstOrderBound } from '../../../executors/bounded/first-order.ts';
import { bounded, boundOf, termSizes } from '../../../executors/bounded/index.ts';
import { temporarily } from '../../../executors/f64/allocate.ts';
import { float64, type Profile, usualProfiles } from '../../../executors/profiles/profile.ts';
import { rounded } from '../../../executors/rounded/index.ts';
import type { StoredTensor } from '../../../io/safetensors.ts';
import { once } from '../../../tensor/once.ts';
import { type Role, stored } from '../../../tensor/primitives/stored.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Executor, Value } from '../../../tensor/value.ts';
import { isModel, isState, longestIn } from '../../axes.ts';
import { type Atomic, answerTypes, type Dtype, type Question } from '../../backends/backend.ts';
import type { Case } from '../../case.ts';
import type { Numbers } from '../../compare.ts';
import type { Operator } from '../../operator.ts';
import { asAnswered, evaluate, evaluateOutputs, type Named, type Program } from '../../program.ts';
import { boundsOfParts, partsIn } from './atomic.ts';
import { computationOf, isLong } from './large.ts';

/** One tensor of an answer. */
export interface AllowedTensor {
  readonly shape: Shape;
  /** The types that it may have. */
  readonly dtypes: readonly Dtype[];
  /** The results of the operator's mode in double precision. */
  readonly expected: Float64Array;
  /** The bound on each error of a right implementation, by running error analysis; ∞ if there is none. */
  readonly bounds: Float64Array;
  /** The bounds on a state that is answered in F32, in a case with 16-bit outputs: it is not rounded to their format. */
  readonly boundsInF32?: Float64Array | undefined;
  /** The period of numbers that mean the same after whole periods. */
  readonly period?: number | undefined;
  /** Whether a form made some of the bounds, which have then been found tight enough. */
  readonly byForm?: true;
}

/** The expected answer to a question, with bounds. Tensors are named as in answers, `out/…` and `grad/…`. */
export interface Allowed {
  readonly dtype: Dtype;
  readonly profile: Profile;
  /** The mode that computed it in place of the question's, as reports say it: in large cases. */
  readonly standIn?: string | undefined;
  /** The elements of tensors that are NaN or ∞ because the range of the type ends on the way to them; they may be anything. */
  readonly beyond?: ReadonlyMap<string, readonly number[]>;
  /** Whether first-order bounds judge where running bounds are loose: see `isFirstOrder`. */
  readonly isFirstOrder: boolean;
  readonly tensors: Readonly<Record<string, AllowedTensor>>;
  /**
   * The first-order bound on `Σ weight · error`, over the numbers of any tensors. It sums the derivatives with respect to every
   * rounding, each at its worst. It neglects products of two roundings, and roundings that move a number across a kink. Unlike a
   * running bound, it is therefore no proof. Each call costs one backward pass.
   */
  firstOrder(weights: Numbers): number;
  /** The usual size of the errors of right implementations, estimated from a few runs. It ranks errors but judges none. */
  usualErrors(): Numbers;
}

/** The profiles that implementations of a type usually have, from fine to coarse: one of them must explain their answers. */
export const profilesOf: Readonly<Record<Dtype, readonly [Profile, ...Profile[]]>> = {
  F32: usualProfiles.f32,
  F64: usualProfiles.f64,
  BF16: usualProfiles.bf16,
  F16: usualProfiles.f16,
};

/** The finest profile of each type. */
export const profileOf = Object.fromEntries(
  Object.entries(profilesOf).map(([dtype, [finest]]) => [dtype, finest]),
) as Readonly<Record<Dtype, Profile>>;

/** How an implementation computes: at a profile, by default that of the question's type, and by a form of the mode, if one is named. */
export interface Computed {
  readonly profile?: Profile;
  readonly form?: string | undefined;
  /** Tensors to which it adds by atomic additions. */
  readonly atomic?: Atomic | undefined;
  /** Tensors of the answer that are not judged, by name; none by default. */
  readonly unjudged?: ((tensor: string) => boolean) | undefined;
  /** Makes of each executor on which a program runs the one on which it runs instead. */
  readonly through?: ((on: Executor) => Executor) | undefined;
}

const programOf = ({ modes, forms }: Operator, mode: string, form: string | undefined): Program =>
  form === undefined ? modes[mode]! : forms![mode]![form]!.program;

/** The most tokens that first-order bounds judge in a single operator. Each bound costs a backward pass. */
const fewTokens = 96;

/**
 * Whether first-order bounds judge. In a whole model, running bounds are loose because errors cancel in its norms. In a single operator
 * with coarse matrix products, a loose bound is true: an exponent may be off by 1, and no first-order bound holds. In a long
 * case, a running bound is loose because sums are long, and a first-order bound is no tighter.
 */
const isFirstOrder = (operator: Operator, { at }: Profile, c: Case): boolean =>
  isModel(operator) || (at.product.u <= at.sum.u && !isLong(operator, c) && longestIn(operator, c) <= fewTokens);

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/**
 * Matrix units cut sums off and do not round them, which doubles errors (Fasi et al., 2021, doi 10.7717/peerj-cs.330).
 * Beside the rounding to 16 bits this is nothing, but states in F32 have none.
 */
const truncation = 2;

/** Computes the expected answer to a question, with bounds. The case's numbers must be representable in its type. */
export function allowedFor(
  operator: Operator,
  {
    mode,
    dtype,
    gradients,
    c,
    profile = profileOf[dtype],
    form,
    atomic = {},
    unjudged = () => false,
    through = (on) => on,
  }: Omit<Question, 'operator'> & Computed,
): Allowed {
  const computation = computationOf(operator, mode, c, form !== undefined);
  const on = (executor: Executor, by = computation.mode, role: Role | null = 'output'): Named => {
    const program = programOf(operator, by, form);
    const all = asAnswered((gradients ? evaluate : evaluateOutputs)(program, computation.c, through(executor), role));
    return Object.fromEntries(Object.entries(all).filter(([name]) => !unjudged(name)));
  };
  const compute = (): Record<string, Writable<AllowedTensor>> => {
    const values = on(bounded(profile) as Executor, computation.mode, 'value');
    // in double precision, as profiles that round every result keep no terms
    const terms = once(() => mapValues(on(bounded(float64) as Executor, computation.mode, null), termSizes));
    const added = (name: string, errors: Float64Array, axes: string): Float64Array =>
      boundsOfParts(profile.at.output, errors, terms()[name]!, partsIn(operator, c, name, axes));
    const tensors = mapValues(values, (x, name): Writable<AllowedTensor> => {
      const dtypes = answerTypes(dtype, isState(operator, name.replace(/^(out|grad)\//, '')));
      const axes = atomic[name];
      const bounds = axes === undefined ? boundOf(stored(x, 'output')) : added(name, boundOf(x), axes);
      return {
        shape: x.shape,
        dtypes,
        expected: numbersOf(x),
        bounds,
        period: name.startsWith('out/') ? operator.periods?.[name.slice('out/'.length)] : undefined,
        boundsInF32:
          dtypes.length > 1 && name.startsWith('out/')
            ? Float64Array.from(bounds, (bound, i) => Math.min(bound, truncation * boundOf(x)[i]!))
            : undefined,
      };
    });
    for (const other of form === undefined ? (operator.boundsOf?.[computation.mode] ?? []) : []) {
      if (other === computation.mode) continue;
      for (const [name, x] of Object.entries(on(bounded(profile) as Executor, other))) {
        const own = tensors[name]!;
        const plus = (bounds: Float64Array): Float64Array => bounds.map((bound, i) => bound + boundOf(x)[i]!);
        own.bounds = plus(own.bounds);
        own.boundsInF32 = own.boundsInF32 && plus(own.boundsInF32);
      }
    }
    return mapValues(tensors, (own) => ({ ...own, expected: own.expected.slice(), bounds: own.bounds.slice() }));
  };
  const tensors = temporarily(compute);
  const traced = once(() => on(firstOrder(profile) as Executor));
  return {
    dtype,
    profile,
    standIn: computation.standIn,
    isFirstOrder: isFirstOrder(operator, profile, c),
    tensors,
    firstOrder(weights) {
      const functional: Functional = Object.entries(weights).map(([name, own]) => [traced()[name]!, own]);
      return firstOrderBound(functional);
    },
    usualErrors: once(() => {
      const squares = mapValues(tensors, ({ expected }) => new Float64Array(expected.length));
      for (let run = 0; run < usualRuns; run++) {
        for (const [name, x] of Object.entries(on(rounded(profile, c.seed + run) as Executor))) {
          numbersOf(x).forEach((value, i) => {
            squares[name]![i]! += (value - tensors[name]!.expected[i]!) ** 2;
          });
        }
      }
      return mapValues(squares, (sums) => sums.map((sum) => Math.sqrt(sum / usualRuns)));
    }),
  };
}

/** What is allowed to an answer with these types: states in F32 have their own bounds. */
export const inTypesOf = (allowed: Allowed, answered: ReadonlyMap<string, StoredTensor>): Allowed => ({
  ...allowed,
  tensors: mapValues(allowed.tensors, ({ boundsInF32, ...own }, name) =>
    boundsInF32 !== undefined && answered.get(name)?.dtype === 'F32' ? { ...own, bounds: boundsInF32 } : own,
  ),
});

/** The number of runs. In a single run an error may be far below its usual size by chance; in all runs that is rare. */
const usualRuns = 3;

const numbersOf = (x: Value): Float64Array => x.on.read(x.data);

const mapValues = <T, R>(named: Readonly<Record<string, T>>, f: (x: T, name: string) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(named).map(([name, x]) => [name, f(x, name)]));
