/** @file Chooses the few layouts about which a backend is asked that compiles for each. */
import * as fc from 'fast-check';
import { hasAxisOf, isModel } from '../../axes.ts';
import type { Layout } from '../../case.ts';
import { tellsAxesApart } from '../../draw.ts';
import type { Operator, Size } from '../../operator.ts';

/** The sizes of layouts, the most telling first: the number of tokens, around the boundaries of blocks, and whether axes are wide. */
const telling = [
  { t: 5, isWide: false },
  { t: 17, isWide: false },
  { t: 65, isWide: false },
  { t: 1, isWide: false },
  { t: 33, isWide: true },
  { t: 129, isWide: false },
  { t: 16, isWide: true },
  { t: 257, isWide: false },
];
/** Questions about a layout, and the fewest layouts: there are no more than sizes. */
const [questionsALayout, fewest] = [13, 4];

/** Lengths of wide axes, around those of tiles. */
const widths = [17, 33, 8, 16, 9];
/** Beyond this number of tokens, other axes are short; so are those of sequences and heads beside wide ones. */
const longFrom = 60;
const short = (usual: fc.Arbitrary<number>): fc.Arbitrary<number> => usual.map((length) => Math.min(length, 2));

const sizeOf = ({ t, isWide }: (typeof telling)[number]): Size => ({
  longest: t,
  lasting: t > longFrom,
  axis(letter, usual) {
    if (letter === 't') return fc.constant(t);
    if (isWide) return /^[bhg]/.test(letter) ? short(usual) : fc.constantFrom(...widths);
    return t > longFrom ? short(usual) : undefined;
  },
});

/** The longest sequence of whole models, unless a longer one is asked for. */
const longestOfModels = 65;

/** The number of draws among which a layout is chosen. */
const drawn = 64;

/**
 * Chooses layouts that a mode admits, the most telling first: enough for some questions about each. Without tokens, sizes differ in
 * widths alone. Layouts whose axes differ in length are preferred.
 */
export function fewShapes(
  operator: Operator,
  mode: string,
  layouts: (size: Size) => fc.Arbitrary<Layout>,
  { cases, longest }: { readonly cases: number; readonly longest?: number | undefined },
): Layout[] {
  const most = longest ?? (isModel(operator) ? longestOfModels : Number.POSITIVE_INFINITY);
  const lengths = telling.filter(({ t }) => t <= most);
  const last = telling.at(-1)!.t;
  if (longest !== undefined && longest > last) lengths.splice(2, 0, { t: longest, isWide: false });
  const count = Math.max(fewest, Math.ceil(cases / questionsALayout));
  const sizes = hasAxisOf(operator, 'time', 'inputs') ? lengths : telling;
  const found = new Map<string, Layout>();
  for (const [i, size] of sizes.entries()) {
    if (found.size >= count) break;
    const some = fc
      .sample(layouts(sizeOf(size)), { numRuns: drawn, seed: i + 1 })
      .filter((layout) => operator.admits(layout.settings, mode));
    const layout = some.find(tellsAxesApart) ?? some[0];
    if (layout !== undefined) found.set(JSON.stringify(layout), layout);
  }
  return [...found.values()];
}
