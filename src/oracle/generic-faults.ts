/** @file Makes the generic faults: wrong programs that any operator can have. */

import { constantLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { broadcast } from '../tensor/primitives/broadcast.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { stopGradient } from '../tensor/primitives/stop-gradient.ts';
import type { Value } from '../tensor/value.ts';
import { type AxisKind, axisOf, hasAxisOf, isState } from './axes.ts';
import type { Settings } from './case.ts';
import { type Fault, faultsOf, type Wrong } from './fault.ts';
import { groupFaults } from './group-faults.ts';
import type { Law } from './law.ts';
import { mapValues } from './named.ts';
import type { Operator } from './operator.ts';
import type { Named } from './program.ts';

/** Replaces each token by the next one. The last token stays. */
function ahead(x: Value, axis: number): Value {
  const t = x.shape[axis]!;
  return concat([slice(x, axis, Math.min(1, t), t), slice(x, axis, Math.max(0, t - 1), t)], axis);
}

/** Replaces each token by the previous one. The first token stays. */
function behind(x: Value, axis: number): Value {
  const t = x.shape[axis]!;
  return concat([slice(x, axis, 0, Math.min(1, t)), slice(x, axis, 0, Math.max(0, t - 1))], axis);
}

/** Replaces every entry of an axis by the first. */
const firstOnly = (x: Value, axis: number): Value => broadcast(slice(x, axis, 0, Math.min(1, x.shape[axis]!)), x.shape);

/** Multiplies token t by 1 + t / 1024. */
function scaledByTime(x: Value, axis: number): Value {
  const factors = Float64Array.from({ length: x.shape[axis]! }, (_, t) => 1 + t * 2 ** -10);
  const shape = x.shape.map((length, i) => (i === axis ? length : 1));
  return mul(x, constantLike(x, factors, shape));
}

const detached = (inputs: Named): Named => mapValues(inputs, (x) => (x.kind === 'real' ? stopGradient(x) : x));

/** Runs the right program on changed inputs. */
const onInputs =
  (change: (inputs: Named) => Named): Wrong<Settings>['program'] =>
  (inputs, settings, run) =>
    run(change(inputs), settings);

/** Changes the outputs of the right program. */
const onOutputs =
  (change: (x: Value, name: string) => Value): Wrong<Settings>['program'] =>
  (inputs, settings, run) =>
    mapValues(run(inputs, settings), change);

/** Changes a tensor along its axis of a kind. A tensor without such an axis is unchanged. */
const along =
  (operator: Operator, kind: AxisKind, side: 'inputs' | 'outputs', change: (x: Value, axis: number) => Value) =>
  (x: Value, name: string): Value => {
    const axis = axisOf(operator, kind, side, name);
    return axis === undefined ? x : change(x, axis);
  };

const slightlyScaled = {
  name: 'slightly-scaled',
  says: 'a thousandth too large',
  program: onOutputs((x) => scale(x, 1 + 2 ** -10)),
};

/** The fault in each of some modes, once where laws ask for it in the same mode. */
const slightlyScaledIn = (asked: readonly (readonly [mode: string, laws: readonly string[]])[]): Wrong<Settings>[] =>
  [...new Set(asked.map(([mode]) => mode))].map((mode) => ({
    ...slightlyScaled,
    mode,
    rejectedBy: asked.flatMap(([own, laws]) => (own === mode ? laws : [])),
  }));

/** Returns the generic faults of an operator that at least one of the given laws must reject. */
export function genericFaults(operator: Operator, laws: readonly Law[]): Fault[] {
  const { reference, modes } = operator;
  const other = Object.keys(modes).find((mode) => mode !== reference) ?? reference;
  const ofTime = hasAxisOf(operator, 'time', 'outputs') ? ['definition'] : [];
  const everyInput = (kind: AxisKind, change: (x: Value, axis: number) => Value) =>
    onInputs((inputs) => mapValues(inputs, along(operator, kind, 'inputs', change)));
  const everyOutput = (change: (x: Value, axis: number) => Value) =>
    onOutputs(along(operator, 'time', 'outputs', change));
  const wrong: readonly Wrong<Settings>[] = [
    {
      mode: reference,
      name: 'reads-next-token',
      says: 'every token is its successor',
      rejectedBy: ['causal'],
      program: everyInput('time', ahead),
    },
    {
      mode: reference,
      name: 'written-one-late',
      says: 'every token has the outputs of the one before it',
      rejectedBy: ofTime,
      program: everyOutput(behind),
    },
    {
      mode: reference,
      name: 'written-one-early',
      says: 'every token has the outputs of the one after it',
      rejectedBy: ofTime,
      program: everyOutput(ahead),
    },
    {
      mode: reference,
      name: 'sequences-mixed',
      says: 'every sequence is the first',
      rejectedBy: ['permutes'],
      program: everyInput('batch', firstOnly),
    },
    {
      mode: reference,
      name: 'all-detached',
      says: 'no gradient at all',
      rejectedBy: ['derivative'],
      program: onInputs(detached),
    },
    ...groupFaults(operator, other),
    ...slightlyScaledIn([
      [other, ['definition', 'modes', 'dyadic']],
      [reference, ['reduces']],
      ['chunkwise' in modes ? 'chunkwise' : reference, ['chunks']],
    ]),
    {
      mode: reference,
      name: 'constant-added',
      says: 'a constant is added',
      rejectedBy: ['linear'],
      program: onOutputs((x) => add(x, 2 ** -10)),
    },
    {
      mode: reference,
      name: 'clock-read',
      says: 'every token is scaled by a factor that grows with its position',
      rejectedBy: ['shift'],
      program: everyInput('time', scaledByTime),
    },
    {
      mode: reference,
      name: 'state-scaled',
      says: 'hands over a state that is a thousandth too large',
      rejectedBy: ['resumable', 'decoding'],
      program: onOutputs((x, name) => (isState(operator, name) ? scale(x, 1 + 2 ** -10) : x)),
    },
  ];
  const concerned = (name: string): boolean => laws.some((law) => law.name === name && law.concerns(operator));
  return faultsOf(
    operator,
    wrong.map((one) => ({ ...one, rejectedBy: one.rejectedBy.filter(concerned) })),
  ).filter(({ rejectedBy }) => rejectedBy.length > 0);
}
