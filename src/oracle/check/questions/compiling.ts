/** @file Plans about which shapes a backend that compiles is asked, by the time that it needs to compile them. */
import type { Question } from '../../backends/backend.ts';
import { compiledForm } from '../../backends/compiled-form.ts';
import type { Case, Layout } from '../../case.ts';

/** What a backend has compiled in a row. Nothing, if it does not compile. */
export interface Compiling {
  /** Whether the question is the first of its shape, so that its answer may wait for a compiler. */
  isNew(question: Question): boolean;
  /** Whether there is time for the answer. There is for shapes that are compiled, and for the first one. */
  affords(question: Question): boolean;
  /** Notes that the first question of a shape was answered after some milliseconds. */
  note(question: Question, milliseconds: number): void;
  /** The number of shapes compiled, for tensors of any strides, and of those that there was no time for. */
  shapes(): { readonly compiled: number; readonly leftOut: number };
}

/** A compiler may take this many times as long as it took before. */
const slower = 1.2;

/** The shapes and settings of a layout or a case. */
const shapeOf = ({ inputs, settings }: Layout | Case): string =>
  JSON.stringify([Object.entries(inputs).map(([name, { shape }]) => [name, shape]), settings]);

/**
 * Follows the compilations of a backend in a row. No shape is compiled that is expected to be done later than `until`. Where there is no
 * time for all of them, the first ones in `order` are compiled; the first of all always is.
 */
export function followCompiling(compiles: boolean, until: number, order: readonly Layout[] = []): Compiling {
  const inOrder = order.map(shapeOf);
  const begun = new Set<string>();
  const [compiled, leftOut] = [new Set<string>(), new Set<string>()];
  // strided tensors may use the programs of contiguous ones, and take no time
  const longest = new Map<unknown, number>();
  const expected = ({ c }: Question): number => slower * (longest.get(c.memory) ?? Math.max(0, ...longest.values()));
  const isNew = (question: Question): boolean => compiles && !compiled.has(compiledForm(question));
  return {
    isNew,
    affords(question) {
      if (!isNew(question)) return true;
      const own = shapeOf(question.c);
      // a second program of a shape, for strided tensors, comes after the first ones of all shapes
      const at = begun.has(own) ? -1 : inOrder.indexOf(own);
      const before = (at < 0 ? inOrder : inOrder.slice(0, at)).filter((shape) => !begun.has(shape)).length;
      // the first in order comes first, and until then the others wait, which takes no time
      if (compiled.size === 0) return before === 0;
      if ((before + 1) * expected(question) < until - performance.now()) return true;
      leftOut.add(own);
      return false;
    },
    note(question, milliseconds) {
      compiled.add(compiledForm(question));
      begun.add(shapeOf(question.c));
      const { memory } = question.c;
      longest.set(memory, Math.max(longest.get(memory) ?? 0, milliseconds));
    },
    shapes: () => ({ compiled: begun.size, leftOut: [...leftOut].filter((shape) => !begun.has(shape)).length }),
  };
}
