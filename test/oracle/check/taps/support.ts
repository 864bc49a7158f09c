/** @file A kernel that returns its taps, with or without a fault in one of them. */
import type { Profile } from '../../../../src/executors/profiles/profile.ts';
import { watching } from '../../../../src/executors/recording.ts';
import { rounded } from '../../../../src/executors/rounded/index.ts';
import type { StoredTensor } from '../../../../src/io/safetensors.ts';
import type { Dtype } from '../../../../src/oracle/backends/backend.ts';
import type { Case } from '../../../../src/oracle/case.ts';
import { profileOf } from '../../../../src/oracle/check/verdict/allowed.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import type { Program } from '../../../../src/oracle/program.ts';
import { type Tap, tapsOf } from '../../../../src/oracle/taps.ts';
import { sizeOf, stridesOf } from '../../../../src/tensor/shape.ts';
import type { Executor, Value } from '../../../../src/tensor/value.ts';
import { type Answered, answerOn } from '../support.ts';

/** A value that a program names, as it computed it, and its place among those of the name. */
export interface Visit {
  readonly name: string;
  readonly at: number;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** How to answer: in a type, with rounding errors of a seed, and with the numbers of a visit changed before the program goes on. */
export interface Answering {
  readonly dtype: Dtype;
  readonly seed?: number;
  readonly gradients?: boolean;
  readonly profile?: Profile;
  readonly program?: Program;
  change?(visit: Visit): Float64Array;
}

/** Answers a case as the operator's mode does, with all its taps. */
export function withTaps(
  operator: Operator,
  mode: string,
  c: Case,
  { dtype, seed = 1, gradients = true, profile = profileOf[dtype], program = operator.modes[mode]!, change }: Answering,
): { results: Answered; taps: Answered; visits: Visit[] } {
  const visits: Visit[] = [];
  const base = rounded(profile, seed) as Executor;
  const on = watching(base, (name, x: Value) => {
    const at = visits.filter((one) => one.name === name).length;
    const own: Visit = { name, at, shape: x.shape, data: Float64Array.from(base.read(x.data)) };
    const data = change === undefined ? own.data : change(own);
    visits.push({ ...own, data });
    return base.constant(data, x.shape, () => 0);
  });
  const results = answerOn(on, program, c, { dtype, gradients });
  const taps = Object.values(tapsOf(operator, mode, c)).flatMap((tap): [string, StoredTensor][] => {
    const own = visits.filter(({ name }) => name === tap.name);
    return own.length === 0 ? [] : [[tap.name, { dtype, shape: tap.shape, data: joined(tap, own) }]];
  });
  return { results, taps: new Map(taps), visits };
}

/** The whole tap, of the steps in which a program computed it. */
function joined({ shape, order, along }: Tap, visits: readonly Visit[]): Float64Array {
  const data = new Float64Array(sizeOf(shape));
  const strides = stridesOf(shape);
  let start = 0;
  for (const visit of visits) {
    const isStep = visit.shape.length < shape.length;
    const own = isStep ? visit.shape.toSpliced(along, 0, 1) : visit.shape;
    visit.data.forEach((x, i) => {
      const index = own.map((length, axis) => Math.floor(i / stridesOf(own)[axis]!) % length);
      const moved = index.map((one, axis) => (axis === along ? one + start : one));
      if (moved.some((one, axis) => one >= shape[order[axis]!]!)) return;
      data[moved.reduce((sum, one, axis) => sum + one * strides[order[axis]!]!, 0)] = x;
    });
    start += own[along]!;
  }
  return data;
}
