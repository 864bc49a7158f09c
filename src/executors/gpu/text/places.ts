/** @file Writes index arithmetic as kernel text: positions along axes and offsets, with literal strides. */
import { type Shape, stridesOf } from '../../../tensor/shape.ts';

/** An axis of a loop nest or of the invocations: its length, and the stride of each operand along it. */
export interface Axis {
  readonly length: number;
  readonly steps: readonly number[];
}

/** An axis of a matrix product, with its strides in a, b and the result. */
export type MatrixAxis = Axis;

/** The axes of a matrix product: `out` are those of the result in order, the others are all axes by role. */
export interface MatrixAxes {
  readonly out: readonly MatrixAxis[];
  readonly batch: readonly MatrixAxis[];
  readonly rows: readonly MatrixAxis[];
  readonly columns: readonly MatrixAxis[];
  readonly summed: readonly MatrixAxis[];
}

/** Axes with the strides of operand 0 or 1, or of the result (2). */
export const axesOfOne = (axes: readonly MatrixAxis[], operand: number): Axis[] =>
  axes.map(({ length, steps }) => ({ length, steps: [steps[operand]!] }));

/** Removes axes of length 1, and merges neighbours if the strides of every operand allow it. */
export function merged(axes: readonly Axis[]): Axis[] {
  const result: Axis[] = [];
  for (const axis of axes.filter(({ length }) => length !== 1)) {
    const outer = result.at(-1);
    if (outer?.steps.every((step, x) => step === axis.steps[x]! * axis.length)) {
      result[result.length - 1] = { length: outer.length * axis.length, steps: axis.steps };
    } else result.push(axis);
  }
  return result;
}

/** The axes of a shape with the strides of one operand, row-major unless given. */
export const axesOf = (shape: Shape, steps: readonly number[] = stridesOf(shape)): Axis[] =>
  shape.map((length, i) => ({ length, steps: [steps[i]!] }));

/** Writes statements that divide the integer `name` with remainder. */
export function divide(name: string, divisor: number, quotient: string, rest: string): string {
  if (divisor === 1) return `const ${quotient} = ${name}; const ${rest} = 0;`;
  return `const ${quotient} = quotient(${name}, ${divisor}); const ${rest} = ${name} - ${quotient} * ${divisor};`;
}

/** Replaces the quotients in a text by arithmetic in f32, for gpu.js. Exact below 2²⁴, with any rounding of the device. */
export const withoutQuotients = (text: string): string =>
  text.replace(/const (\w+) = quotient\((\w+), (\d+)\);/g, (_, quotient: string, name: string, divisor: string) =>
    [
      `const ${quotient}g = Math.floor(${name} * ${Math.fround(1 / Number(divisor))});`,
      `const ${quotient}r = ${name} - ${quotient}g * ${divisor};`,
      // the error of the estimate is at most one
      `const ${quotient} = ${quotient}r < 0 ? ${quotient}g - 1 : (${quotient}r < ${divisor} ? ${quotient}g : ${quotient}g + 1);`,
    ].join(' '),
  );

/** Writes statements for the position of element `i` along the axes, and the offset of each of `count` operands at it. */
export function placesOf(axes: readonly Axis[], count: number): { setup: string; offsets: string[] } {
  const lines: string[] = [];
  const positions: string[] = [];
  let rest = 'i';
  axes.forEach((_, back) => {
    const axis = axes.length - 1 - back;
    if (axis === 0) positions[0] = rest;
    else {
      lines.push(divide(rest, axes[axis]!.length, `q${axis}`, `p${axis}`));
      positions[axis] = `p${axis}`;
      rest = `q${axis}`;
    }
  });
  return {
    setup: lines.join('\n'),
    offsets: Array.from({ length: count }, (_, x) =>
      sumOf(axes.map((axis, i) => ({ position: positions[i]!, step: axis.steps[x]! }))),
    ),
  };
}

/** Writes nested loops over axes. `body` writes the innermost statements, given the offset of each operand. */
export function loopsOver(
  axes: readonly Axis[],
  starts: readonly string[],
  body: (offsets: readonly string[]) => string,
  name = 'j',
): string {
  const offsets = starts.map((start, x) => {
    const along = sumOf(axes.map((axis, j) => ({ position: `${name}${j}`, step: axis.steps[x]! })));
    if (along === '0') return start;
    return start === '0' ? along : `${start} + ${along}`;
  });
  return axes.reduceRight(
    (inner, { length }, j) => `for (let ${name}${j} = 0; ${name}${j} < ${length}; ${name}${j}++) { ${inner} }`,
    body(offsets),
  );
}

function sumOf(terms: readonly { position: string; step: number }[]): string {
  const moving = terms.filter(({ step }) => step !== 0);
  return moving.map(({ position, step }) => (step === 1 ? position : `${position} * ${step}`)).join(' + ') || '0';
}

/** Writes a sum with an integer, without the summand if it is 0. */
export const plus = (text: string, start: number): string => {
  if (start === 0) return text;
  return start < 0 ? `${text} - ${-start}` : `${text} + ${start}`;
};
