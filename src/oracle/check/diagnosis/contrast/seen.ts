/** @file Answers token by token, as programs do in which a token does not see all tokens up to its own. */
import { sizeOf } from '../../../../tensor/shape.ts';
import { axisOf, growingAxis, hasStates, isState } from '../../../axes.ts';
import { type Case, mapTensors } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import type { Operator } from '../../../operator.ts';
import { lengthsOf } from '../resized.ts';
import { tensorOf } from '../where.ts';
import { partOf, type Span } from './blocks.ts';
import type { OtherAnswer, Subject } from './other-answer.ts';

/** The most tokens, and the most tokens that are computed for all of them together. */
const most = { tokens: 130, together: 4096 };

/** Yields answers of outputs alone: with the last `window` tokens only, or without a token itself. */
export function* seen(subject: Subject, c: Case, window: number | null): Generator<OtherAnswer> {
  const { operator } = subject;
  const t = lengthsOf(operator, c).t ?? 0;
  const growing = Object.keys(c.cotangents).some((name) => growingAxis(operator, name) !== undefined);
  if (t < 1 || t > most.tokens || growing || !hasStates(operator) || operator.batched !== undefined) return;
  if (window !== null && window < t && t * window <= most.together) {
    yield {
      says: `as if only the last ${window} tokens counted`,
      numbers: () => byToken(subject, c, t, (end) => ending(operator, c, { start: Math.max(0, end - window), end, t })),
    };
  }
  if ((t * t) / 2 > most.together) return;
  for (const name of Object.keys(c.inputs)) {
    const axis = axisOf(operator, 'time', 'inputs', name);
    if (axis === undefined || c.inputs[name]!.kind === 'index') continue;
    const without = (end: number): Case => {
      const part = ending(operator, c, { start: 0, end, t });
      const x = part.inputs[name]!;
      const after = sizeOf(x.shape.slice(axis + 1));
      const data = x.data.map((value, i) => (Math.floor(i / after) % end === end - 1 ? 0 : value));
      return { ...part, inputs: { ...part.inputs, [name]: { ...x, data } } };
    };
    yield {
      says: `as if no token saw its own ${name}`,
      numbers: () => {
        const numbers = byToken(subject, c, t, without);
        return numbers && only(numbers, (one) => axisOf(operator, 'time', 'outputs', one) !== undefined);
      },
    };
  }
}

/** Some tokens of a case. They begin with states of zeros, unless they are the first. */
const ending = (operator: Operator, c: Case, span: Span): Case =>
  partOf(operator, c, span, 'zeros', span.start === 0 ? undefined : {});

const only = (numbers: Numbers, keeps: (name: string) => boolean): Numbers =>
  Object.fromEntries(Object.entries(numbers).filter(([tensor]) => keeps(tensorOf(tensor).name)));

/** The outputs of which each token's is the last one of its own case, and the states after the last. */
function byToken({ operator, mode, right }: Subject, c: Case, t: number, of: (end: number) => Case): Numbers | null {
  const out = mapTensors(c.cotangents, (x) => ({ ...x, data: new Float64Array(x.data.length).fill(Number.NaN) }));
  for (let end = 1; end <= t; end++) {
    const part = of(end);
    if (!operator.admits(part.settings, mode)) return null;
    const numbers = right(part);
    for (const [name, { shape, data }] of Object.entries(out)) {
      const own = numbers[`out/${name}`]!;
      const axis = axisOf(operator, 'time', 'outputs', name);
      if (axis === undefined) {
        if (end === t && isState(operator, name)) data.set(own);
        continue;
      }
      const after = sizeOf(shape.slice(axis + 1));
      const length = part.cotangents[name]!.shape[axis]!;
      for (let row = 0; row < data.length / (t * after); row++) {
        const from = (row * length + length - 1) * after;
        data.set(own.subarray(from, from + after), (row * t + end - 1) * after);
      }
    }
  }
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [`out/${name}`, data]));
}
