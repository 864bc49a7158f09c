/** @file Sums of products, and largest elements: one thread for each result, which loops over what it reduces. */
import type { EinsumParams } from '../../../tensor/primitives/einsum.ts';
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import { fill, isNothing, type Launch, type Numbers, nothing, type Operand } from '../numbers.ts';
import { type Axis, loopsOver, merged, placesOf } from './places.ts';
import type { Rules } from './rule.ts';

/** An operand and the letters of its axes. */
interface Term extends Operand {
  readonly letters: string;
}

/** The sum over all other letters of the product of one or two operands, with the letters of `out`. */
function contract(launch: Launch, terms: readonly Term[], out: string): Term {
  const axes = new Map<string, Axis>();
  const strides = terms.map(({ shape }) => stridesOf(shape));
  terms.forEach(({ letters, shape }, x) => {
    [...letters].forEach((letter, i) => {
      const steps = axes.get(letter)?.steps ?? terms.map(() => 0);
      axes.set(letter, { length: shape[i]!, steps: steps.with(x, strides[x]![i]!) });
    });
  });
  const along = (letters: readonly string[]): Axis[] => letters.map((letter) => axes.get(letter)!);
  const shape = along([...out]).map(({ length }) => length);
  const { setup, offsets } = placesOf(merged(along([...out])), terms.length);
  const summed = merged(along([...axes.keys()].filter((letter) => !out.includes(letter))));
  if (terms.some(({ numbers }) => isNothing(numbers))) {
    return { letters: out, shape, numbers: sizeOf(shape) === 0 ? nothing : fill(0) };
  }
  const numbers = launch(
    sizeOf(shape),
    terms.map((term) => term.numbers),
    (...reads) => {
      const starts = offsets.map((offset, x) => `const b${x} = ${offset};`).join(' ');
      const product = (at: readonly string[]): string => reads.map((read, x) => read(at[x]!)).join(' * ');
      const bases = offsets.map((_, x) => `b${x}`);
      if (summed.length === 0) return `${setup}\n${starts}\nreturn ${product(bases)};`;
      return `${setup}\n${starts}\nlet s = 0;\n${loopsOver(summed, bases, (at) => `s = s + ${product(at)};`)}\nreturn s;`;
    },
  );
  return { letters: out, shape, numbers };
}

/** An einsum of many operands, two at a time from the left; what no later term has is summed on the way. */
function einsum(launch: Launch, xs: readonly Operand[], { terms, out }: EinsumParams): Numbers {
  const [first, ...rest] = xs.map((x, k): Term => ({ ...x, letters: terms[k]! })) as [Term, ...Term[]];
  if (rest.length === 0) return contract(launch, [first], out).numbers;
  return rest.reduce((product, next, k) => {
    const later = [out, ...rest.slice(k + 1).map(({ letters }) => letters)].join('');
    const both = [...new Set(product.letters + next.letters)];
    const kept = k === rest.length - 1 ? out : both.filter((letter) => later.includes(letter)).join('');
    return contract(launch, [product, next], kept);
  }, first).numbers;
}

/** Axes by letters, for reductions that are named by number. */
const lettersOf = (shape: Shape): string => String.fromCharCode(...shape.map((_, i) => 97 + i));

export const reductions = {
  einsum,
  sum(launch, [x], { axes }) {
    const letters = lettersOf(x!.shape);
    const kept = [...letters].filter((_, i) => !axes.includes(i)).join('');
    return contract(launch, [{ ...x!, letters }], kept).numbers;
  },
  maxReduce(launch, [x], { axis }, shape) {
    if (x!.numbers.is === 'fill') return x!.numbers;
    const steps = stridesOf(x!.shape);
    const axes = x!.shape.map((length, i) => ({ length, steps: [steps[i]!] })).filter((_, i) => i !== axis);
    const { setup, offsets } = placesOf(merged(axes), 1);
    return launch(sizeOf(shape), [x!.numbers], (read) =>
      [
        setup,
        `const b0 = ${offsets[0]};`,
        `let m = ${read!('b0')};`,
        `for (let j = 1; j < ${x!.shape[axis]!}; j++) {`,
        `const v = ${read!(`b0 + j * ${steps[axis]!}`)};`,
        // m + v where neither is larger: NaN
        'm = v > m ? v : (m >= v ? m : m + v);',
        '}',
        'return m;',
      ].join('\n'),
    );
  },
} satisfies Partial<Rules>;
