/**
 * @file Contracts two operands: by a matrix product if there are rows and columns, else by reducing an elementwise product.
 */
import { sizeOf, stridesOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import type { MatrixAxis } from '../text/places.ts';
import { dense, masksOf } from '../values/expression.ts';
import { type Full, fill, type Operand, type Read } from '../values/numbers.ts';
import { commonShape, groupsOf } from '../values/views.ts';
import { workOf } from '../values/work.ts';
import { rearranged } from './axes.ts';
import { bandOf, type Mask } from './bands.ts';
import { matrixProduct } from './matmul.ts';
import { reduced, sums } from './reduce.ts';

/** An operand and the letters of its axes. */
export interface Term extends Operand {
  readonly letters: string;
}

const timesText = ([x, y]: readonly string[], z: string): string => `const ${z} = ${x} * ${y};`;

/** Sums a · b over the letters that are not in `out`. Both operands have these letters. */
export function product(fuser: Fuser, a: Term, b: Term, out: string): Term {
  const lengths = new Map([a, b].flatMap(({ letters, shape }) => [...letters].map((letter, i) => [letter, shape[i]!])));
  const lengthOf = (letters: readonly string[]): number => sizeOf(letters.map((letter) => lengths.get(letter)!));
  const shape = [...out].map((letter) => lengths.get(letter)!);
  const summed = [...a.letters].filter((letter) => !out.includes(letter));
  const result = (numbers: Term['numbers']): Term => ({ letters: out, shape, numbers });
  // an operand of zeros, such as the initial state, gives zeros, even where the other operand is infinite
  if (a.numbers.is === 'fill' && a.numbers.number === 0) return result(fill(0));
  if (b.numbers.is === 'fill' && b.numbers.number === 0) return result(fill(0));

  const rows = [...out].filter((letter) => a.letters.includes(letter) && !b.letters.includes(letter));
  const columns = [...out].filter((letter) => b.letters.includes(letter) && !a.letters.includes(letter));
  const isMatrix = summed.length > 0 && lengthOf(rows) > 1 && lengthOf(columns) > 1;
  if (isMatrix && a.numbers.is !== 'fill' && b.numbers.is !== 'fill') {
    const layout = { out, rows, columns, summed, lengths };
    return result(strided(fuser, { ...a, numbers: a.numbers as Full }, { ...b, numbers: b.numbers as Full }, layout));
  }

  const order = [...out, ...summed];
  const all = order.map((letter) => lengths.get(letter)!);
  const spread = ({ letters, shape: own, numbers }: Term): Operand => ({
    shape: all,
    numbers: rearranged(
      fuser,
      numbers,
      own,
      order.map((letter, i) => (letters.includes(letter) ? letters.indexOf(letter) : { length: all[i]! })),
    ),
  });
  const products = fuser.apply(timesText, [spread(a), spread(b)], workOf.arithmetic, 2);
  if (summed.length === 0) return result(products);
  const { node, groups } = fuser.axes({ shape: all, numbers: products as Full });
  return result(reduced(fuser, node, new Set(summed.flatMap((_, i) => groups[out.length + i]!)), sums));
}

interface Layout {
  readonly out: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly summed: readonly string[];
  readonly lengths: ReadonlyMap<string, number>;
}

/** A term as a read of one array. */
interface Strided {
  readonly read: Read;
  readonly axes: LetterAxes;
}

/** The axes of each letter, with the strides of a read. */
type LetterAxes = ReadonlyMap<string, { readonly lengths: readonly number[]; readonly steps: readonly number[] }>;

/** Returns a term as one strided array; row-major if `isDense`. */
function stridedOf(
  fuser: Fuser,
  { letters, shape, numbers }: Term & { readonly numbers: Full },
  isDense: boolean,
): Strided & { readonly masks: readonly Strided[] } {
  const { node, groups } = fuser.axes({ numbers, shape });
  if (isDense) {
    const array = fuser.materialise(node, sizeOf(shape));
    const strides = stridesOf(shape);
    const axes = [...letters].map((letter, i) => [letter, { lengths: [shape[i]!], steps: [strides[i]!] }] as const);
    return { read: dense(array, shape), axes: new Map(axes), masks: [] };
  }
  const read = fuser.asRead(node);
  const axesIn = (own: Read): LetterAxes =>
    new Map(
      [...letters].map((letter, i) => {
        const group = groups[i]!;
        return [letter, { lengths: group.map((x) => own.shape[x]!), steps: group.map((x) => own.form.steps[x]!) }];
      }),
    );
  return { read, axes: axesIn(read), masks: masksOf(read).map((mask) => ({ read: mask, axes: axesIn(mask) })) };
}

/** Matrix product of two terms as strided arrays. */
function strided(
  fuser: Fuser,
  a: Term & { readonly numbers: Full },
  b: Term & { readonly numbers: Full },
  { out, rows, columns, summed, lengths }: Layout,
) {
  let left = stridedOf(fuser, a, false);
  let right = stridedOf(fuser, b, false);
  const cut = (letter: string): number[] | null =>
    commonShape([left, right].flatMap(({ axes }) => (axes.has(letter) ? [axes.get(letter)!.lengths] : [])));
  if ([...lengths.keys()].some((letter) => cut(letter) === null)) {
    left = stridedOf(fuser, a, true);
    right = stridedOf(fuser, b, true);
  }
  // if the last axis of the result is a row, swap the operands, so that results are contiguous along columns
  const isTurned = rows.includes(out.at(-1)!);
  const [first, second] = isTurned ? [right, left] : [left, right];
  const cutAxes = (letter: string, own: LetterAxes): number[] => {
    const axes = own.get(letter);
    return axes === undefined ? cut(letter)!.map(() => 0) : stepsCut(axes.lengths, axes.steps, cut(letter)!);
  };
  const outSteps = stridesOf([...out].map((letter) => lengths.get(letter)!));
  const along = (letters: readonly string[]): MatrixAxis[] =>
    letters.flatMap((letter) => {
      const fine = cut(letter)!;
      const at = out.indexOf(letter);
      const target = new Map([[letter, { lengths: [lengths.get(letter)!], steps: [at < 0 ? 0 : outSteps[at]!] }]]);
      const steps = [first.axes, second.axes, target].map((own) => cutAxes(letter, own));
      return fine.map((length, i) => ({ length, steps: steps.map((own) => own[i]!) }));
    });
  const batch = [...out].filter((letter) => !rows.includes(letter) && !columns.includes(letter));
  const [down, across] = isTurned ? [columns, rows] : [rows, columns];
  const masksAlong = (side: Mask['along'], own: readonly Strided[]): Mask[] =>
    own.map(({ read, axes }) => {
      const axesOf = (letters: readonly string[]) =>
        letters.flatMap((letter) =>
          cutAxes(letter, axes).map((step, i) => ({ length: cut(letter)![i]!, steps: [step] })),
        );
      const sides = side === 'rows' ? down : across;
      return { along: side, read, batch: axesOf(batch), side: axesOf(sides), summed: axesOf(summed) };
    });
  const band = fuser.target.workgroups
    ? bandOf([...masksAlong('rows', first.masks), ...masksAlong('columns', second.masks)])
    : null;
  const axes = {
    out: along([...out]),
    batch: along(batch),
    rows: along(down),
    columns: along(across),
    summed: along(summed),
  };
  return matrixProduct(fuser, first.read, second.read, axes, band);
}

/** Strides of axes after they are split into the axes `fine`. */
function stepsCut(lengths: readonly number[], steps: readonly number[], fine: readonly number[]): number[] {
  return groupsOf(lengths, fine).flatMap((group, axis) =>
    group.map((_, k) => group.slice(k + 1).reduce((step, inner) => step * fine[inner]!, steps[axis]!)),
  );
}
