/** @file The law that gradients equal derivatives of the scalar definition, by finite differences along one direction. */
import { extrapolatedDifference } from '../../autograd/difference.ts';
import { rng } from '../../tensor/random.ts';
import { type Case, mapTensors, type Tensors } from '../case.ts';
import type { Law } from '../law.ts';
import { boundsOf, definedNumbers, numbersOf } from '../tolerance.ts';

/** Draws a direction in the space of all real inputs: random in every number, or one-hot. */
function directionOf(c: Case): Record<string, Float64Array> {
  const random = rng(c.seed ^ 0xd1ff);
  const real = Object.entries(c.inputs).filter(([, x]) => x.kind !== 'index' && x.data.length > 0);
  const oneHot = random.integer(2) === 0;
  const [only, at] = oneHot && real.length > 0 ? pick(real, random.integer) : ['', 0];
  return Object.fromEntries(
    real.map(([name, { data }]) => [
      name,
      data.map((x, i) => {
        // an infinite input cannot be perturbed
        if (!Number.isFinite(x)) return 0;
        const step = Math.max(2 ** -6, Math.abs(x));
        if (oneHot) return name === only && i === at ? step : 0;
        return step * random.normal();
      }),
    ]),
  );
}

function pick(real: readonly [string, { data: Float64Array }][], integer: (below: number) => number): [string, number] {
  const [name, { data }] = real[integer(real.length)]!;
  return [name, integer(data.length)];
}

/** ⟨gradient, direction⟩ equals the directional derivative of the definition. */
export const derivative: Law = {
  name: 'derivative',
  statement: 'gradients equal finite differences of the scalar definition along random and one-hot directions',
  concerns: ({ forwardOnly }) => forwardOnly !== true,
  applies: (operator, mode, c) =>
    operator.forwardOnly !== true &&
    operator.admits(c.settings, mode) &&
    operator.defines(c.settings) &&
    (operator.isSmooth?.(c) ?? true),
  check({ operator, mode, program }, c) {
    const direction = directionOf(c);
    const defined = definedNumbers(operator, mode, c);
    const weight = (name: string): Float64Array => c.cotangents[name]!.data;
    const trial = withoutCotangents(c, (name) => !(name in defined));
    const objective = (outputs: Tensors): { value: number; size: number } => {
      let value = 0;
      let size = 0;
      for (const [name, { data }] of Object.entries(outputs)) {
        data.forEach((y, i) => {
          value += y * weight(name)[i]!;
          size += Math.abs(y * weight(name)[i]!);
        });
      }
      return { value, size };
    };
    const gradients = numbersOf(program, trial);
    const bounds = boundsOf(operator.modes[mode]!, trial);
    const genuine = numbersOf(operator.modes[mode]!, trial);
    let [analytic, rounding, sensitivity] = [0, 0, 0];
    for (const [name, d] of Object.entries(direction)) {
      d.forEach((step, i) => {
        analytic += gradients[`gradient.${name}`]![i]! * step;
        rounding += bounds[`gradient.${name}`]![i]! * Math.abs(step);
        // rounding the inputs alone moves the objective this much, even if its terms cancel; infinities are not rounded
        const x = c.inputs[name]!.data[i]!;
        if (Number.isFinite(x)) sensitivity += Math.abs(genuine[`gradient.${name}`]![i]! * x);
      });
    }
    const numeric = extrapolatedDifference((h) => {
      const { value, size } = objective(operator.definition(moved(c.inputs, direction, h), c.settings, mode, c.inputs));
      return { value, size: size + sensitivity };
    });
    const allowed = numeric.error + rounding;
    const error = Math.abs(analytic - numeric.value);
    return {
      ratio: error === 0 ? 0 : error / allowed,
      error: error === 0 ? 0 : error / Math.abs(numeric.value),
      compared: 1,
      loose: allowed > Math.abs(numeric.value) / 1000 ? 1 : 0,
      where: `directional derivative is ${analytic}, not ${numeric.value}`,
    };
  },
};

/** Sets the cotangents of some outputs to zero. */
function withoutCotangents(c: Case, isLeftOut: (output: string) => boolean): Case {
  if (!Object.keys(c.cotangents).some(isLeftOut)) return c;
  return {
    ...c,
    cotangents: mapTensors(c.cotangents, (x, name) => (isLeftOut(name) ? { ...x, data: x.data.map(() => 0) } : x)),
  };
}

const moved = (inputs: Tensors, direction: Readonly<Record<string, Float64Array>>, h: number): Tensors =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, x]) => [
      name,
      name in direction ? { ...x, data: x.data.map((value, i) => value + h * direction[name]![i]!) } : x,
    ]),
  );
