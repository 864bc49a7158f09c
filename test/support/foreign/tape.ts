/** @file Foreign programs with gradients by a tape, as autograd makes them: every step is rounded, forward and backward. */
import type { Activation } from './activations.ts';
import type { Arithmetic } from './arithmetic.ts';
import { cotangent, type Kernel, type Tensor } from './program.ts';
import { type Dot, inOrder } from './sums.ts';

/** A number, and its gradient as far as it is known. */
export interface Num {
  readonly x: number;
  d: number;
}

/** The steps of a program. */
export interface Tape {
  readonly a: Arithmetic;
  /** An input, or a constant, whose gradient nobody reads. */
  of(x: number): Num;
  add(x: Num, y: Num): Num;
  sub(x: Num, y: Num): Num;
  mul(x: Num, y: Num): Num;
  /** start + Σ x y, of operands that a matrix unit rounds. */
  dot(x: readonly Num[], y: readonly Num[], start?: Num): Num;
  /** The same in registers, where no operand is rounded. */
  inner(x: readonly Num[], y: readonly Num[], start?: Num): Num;
  /** A function, with its slope. */
  apply(x: Num, f: Activation): Num;
  /** Runs on the way back, after all later steps. */
  onBack(run: () => void): void;
  /** A number that is stored. */
  stored(x: Num, site: 'state' | 'score' | 'decay'): Num;
}

/** Makes the steps, and what runs back through them. */
function taping(a: Arithmetic, sums: Dot): { readonly tape: Tape; readonly back: () => void } {
  const steps: (() => void)[] = [];
  const of = (x: number): Num => ({ x, d: 0 });
  const step = (x: number, back: (d: number) => void): Num => {
    const result = of(x);
    steps.push(() => back(result.d));
    return result;
  };
  const give = (to: Num, d: number): void => {
    to.d = a.add(to.d, d);
  };
  const summed =
    (operand: (x: number) => number): Tape['dot'] =>
    (x, y, start) => {
      const [left, right] = [x, y].map((all) => all.map((one) => operand(one.x))) as [number[], number[]];
      const total = sums(
        a,
        x.length,
        (i) => left[i]!,
        (i) => right[i]!,
        start?.x ?? 0,
      );
      return step(total, (d) => {
        const own = operand(d);
        x.forEach((one, i) => {
          one.d = a.fma(own, right[i]!, one.d);
          y[i]!.d = a.fma(own, left[i]!, y[i]!.d);
        });
        if (start !== undefined) give(start, d);
      });
    };
  const tape: Tape = {
    a,
    of,
    add: (x, y) =>
      step(a.add(x.x, y.x), (d) => {
        give(x, d);
        give(y, d);
      }),
    sub: (x, y) =>
      step(a.sub(x.x, y.x), (d) => {
        give(x, d);
        give(y, -d);
      }),
    mul: (x, y) =>
      step(a.mul(x.x, y.x), (d) => {
        give(x, a.mul(d, y.x));
        give(y, a.mul(d, x.x));
      }),
    dot: summed(a.operand),
    inner: summed((x) => x),
    apply(x, f) {
      const [value, slope] = f(a, x.x);
      return step(value, (d) => give(x, a.mul(d, slope)));
    },
    onBack: (run) => {
      steps.push(run);
    },
    stored: (x, site) => step(a[site](x.x), (d) => give(x, d)),
  };
  return {
    tape,
    back() {
      for (const one of steps.reverse()) one();
    },
  };
}

/** An input as numbers of the tape, row-major. */
export interface Taped {
  readonly shape: readonly number[];
  readonly data: readonly Num[];
}

/** What a program gets: real inputs as numbers of the tape, and indices as they are. */
export interface Given {
  readonly inputs: Readonly<Record<string, Taped>>;
  readonly indices: Readonly<Record<string, Tensor>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A program over the tape: outputs by name, row-major. */
export type TapedProgram = (given: Given, tape: Tape) => Readonly<Record<string, readonly Num[]>>;

/** Makes a kernel of a program. `indices` names the inputs that are no real numbers. */
export const taped =
  (run: TapedProgram, { sums = inOrder, indices = [] as readonly string[] } = {}): Kernel =>
  (call, a) => {
    const { tape, back } = taping(a, sums);
    const all = Object.entries(call.inputs);
    const inputs = Object.fromEntries(
      all
        .filter(([name]) => !indices.includes(name))
        .map(([name, { shape, data }]): [string, Taped] => [name, { shape, data: Array.from(data, tape.of) }]),
    );
    const kept = Object.fromEntries(all.filter(([name]) => indices.includes(name)));
    const outputs = Object.entries(run({ inputs, indices: kept, settings: call.settings }, tape));
    for (const [name, numbers] of outputs) {
      const given = cotangent(call, name);
      numbers.forEach((one, i) => {
        one.d = a.add(one.d, given[i]!);
      });
    }
    back();
    return {
      ...Object.fromEntries(outputs.map(([name, all]) => [`out/${name}`, Float64Array.from(all, ({ x }) => a.out(x))])),
      ...Object.fromEntries(
        Object.entries(inputs).map(([name, { data }]) => [
          `grad/${name}`,
          Float64Array.from(data, ({ d }) => a.out(d)),
        ]),
      ),
    };
  };

/** The rows of a matrix that begins at a place of an input. */
export const matrixAt = ({ data }: Taped, from: number, rows: number, columns: number): Num[][] =>
  Array.from({ length: rows }, (_, r) => data.slice(from + r * columns, from + (r + 1) * columns));

/** The columns of a matrix of `width` columns. */
export const columnsOf = (rows: readonly (readonly Num[])[], width: number): Num[][] =>
  Array.from({ length: width }, (_, c) => rows.map((row) => row[c]!));

/** e^x, its own slope. */
export const exponential: Activation = (a, x) => {
  const y = a.exp(x);
  return [y, y];
};

/** e^x as a power of two of a rounded product. */
export const powerOfTwo: Activation = (a, x) => {
  const y = a.exp2(a.mul(x, a.constant(Math.LOG2E)));
  return [y, y];
};

/** 1 / (1 + e^−x). */
export const sigmoid: Activation = (a, x) => {
  const y = a.div(1, a.add(1, a.exp(-x)));
  return [y, a.mul(y, a.sub(1, y))];
};

/** max(x, 0) + log1p(e^−|x|). */
export const softplus: Activation = (a, x) => [
  a.add(Math.max(x, 0), a.log1p(a.exp(-Math.abs(x)))),
  a.div(1, a.add(1, a.exp(-x))),
];

/** tanh. */
export const tanh: Activation = (a, x) => {
  const y = a.tanh(x);
  return [y, a.sub(1, a.mul(y, y))];
};

/** x times a number without gradient. */
export const times =
  (factor: number): Activation =>
  (a, x) => [a.mul(x, a.constant(factor)), a.constant(factor)];
