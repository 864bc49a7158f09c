/** @file Faults that any operator can have, one for each law that speaks of it. */

import { constantLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import type { Law } from '../law.ts';
import type { Operator } from '../operator.ts';
import { mapValues } from '../operators/tokens.ts';
import type { Named, Program } from '../program.ts';

/** Each token's successor; the last one stays. */
function ahead(x: Value, axis: number): Value {
  const t = x.shape[axis]!;
  return concat([slice(x, axis, Math.min(1, t), t), slice(x, axis, Math.max(0, t - 1), t)], axis);
}

/** Each token's predecessor; the first one stays. */
function behind(x: Value, axis: number): Value {
  const t = x.shape[axis]!;
  return concat([slice(x, axis, 0, Math.min(1, t)), slice(x, axis, 0, Math.max(0, t - 1))], axis);
}

/** The first sequence in every place. */
const firstOnly = (x: Value, axis: number): Value => broadcast(slice(x, axis, 0, Math.min(1, x.shape[axis]!)), x.shape);

/** Token t times 1 + t / 1024. */
function scaledByTime(x: Value, axis: number): Value {
  const factors = Float64Array.from({ length: x.shape[axis]! }, (_, t) => 1 + t * 2 ** -10);
  const shape = x.shape.map((length, i) => (i === axis ? length : 1));
  return mul(x, constantLike(x, factors, shape));
}

/** Every input along an axis changed. */
const along =
  (axes: Readonly<Record<string, number>>, change: (x: Value, axis: number) => Value) =>
  (inputs: Named): Named =>
    mapValues(inputs, (x, name) => (name in axes ? change(x, axes[name]!) : x));

const detached = (inputs: Named): Named => mapValues(inputs, (x) => (x.kind === 'real' ? stopGradient(x) : x));

/** The faults of an operator that the given laws concern. */
export function genericFaults(operator: Operator, laws: readonly Law[]): Fault[] {
  const { reference, modes, time, axes } = operator;
  const modeNames = Object.keys(modes);
  const other = modeNames.find((mode) => mode !== reference) ?? reference;
  const states = Object.keys(time?.states ?? {});
  const outputs = time?.outputs ?? {};
  const ofTime = Object.keys(outputs).length > 0 ? ['definition'] : [];
  const fault = (
    name: string,
    says: string,
    mode: string,
    rejectedBy: readonly string[],
    wrong: (run: Program) => Program,
  ): Fault => ({
    name,
    says,
    mode,
    operator: operator.name,
    rejectedBy: rejectedBy.filter((one) => laws.some((law) => law.name === one && law.concerns(operator))),
    program: wrong(modes[mode]!),
  });
  const onInputs =
    (change: (inputs: Named) => Named) =>
    (run: Program): Program =>
    (inputs, settings) =>
      run(change(inputs), settings);
  const onOutputs =
    (change: (x: Value, name: string) => Value) =>
    (run: Program): Program =>
    (inputs, settings) =>
      mapValues(run(inputs, settings), change);
  /** Outputs at other tokens than theirs. */
  const atOther = (place: (x: Value, axis: number) => Value) =>
    onOutputs((x, name) => (name in outputs ? place(x, outputs[name]!) : x));
  const scaled = onOutputs((x) => scale(x, 1 + 2 ** -10));

  return [
    fault(
      'reads-next-token',
      'every token is its successor',
      reference,
      ['causal'],
      onInputs(along(time?.inputs ?? {}, ahead)),
    ),
    fault('written-one-late', 'every token has the outputs of the one before it', reference, ofTime, atOther(behind)),
    fault('written-one-early', 'every token has the outputs of the one after it', reference, ofTime, atOther(ahead)),
    fault(
      'sequences-mixed',
      'every sequence is the first',
      reference,
      ['permutes'],
      onInputs(along(axes?.batch ?? {}, firstOnly)),
    ),
    fault('all-detached', 'no gradient at all', reference, ['derivative'], onInputs(detached)),
    fault('slightly-scaled', 'a thousandth too large', other, ['definition', 'modes', 'dyadic'], scaled),
    fault('slightly-scaled', 'a thousandth too large', reference, ['reduces'], scaled),
    fault(
      'slightly-scaled',
      'a thousandth too large',
      'chunkwise' in modes ? 'chunkwise' : reference,
      ['chunks'],
      scaled,
    ),
    fault(
      'constant-added',
      'a constant is added',
      reference,
      ['linear'],
      onOutputs((x) => add(x, 2 ** -10)),
    ),
    fault(
      'clock-read',
      'every token is scaled by when it comes',
      reference,
      ['shift'],
      onInputs(along(time?.inputs ?? {}, scaledByTime)),
    ),
    fault(
      'state-scaled',
      'hands over a state that is a thousandth too large',
      reference,
      ['resumable', 'decoding'],
      onOutputs((x, name) => (states.includes(name) ? scale(x, 1 + 2 ** -10) : x)),
    ),
  ].filter(({ rejectedBy }) => rejectedBy.length > 0);
}
