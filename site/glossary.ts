/** @file Reads the symbols of spec/GLOSSARY.md, and finds those of an equation by its number. */
import { readFileSync } from 'node:fs';
import type { Equation } from '../spec/equation.ts';
import { root } from '../test/support/root.ts';

/** One symbol of the glossary. */
export interface GlossarySymbol {
  /** As the paper writes it: h_t^l. */
  readonly paper: string;
  /** Its letter in LaTeX, without indices: h, \bar{A}, {h'}. */
  readonly base: string;
  /** The names of code, with their first word: `inject(h, dense)` is inject. */
  readonly code: readonly string[];
  readonly shape: string;
  readonly meaning: string;
  /** The equations that it is for; undefined: for all. */
  readonly numbers: readonly number[] | undefined;
}

const commands: Readonly<Record<string, string>> = {
  Ā: '\\bar{A}',
  B̄: '\\bar{B}',
  K̄: '\\bar{K}',
  γ: '\\gamma',
  Δ: '\\Delta',
  σ: '\\sigma',
  Θ: '\\Theta',
  φ: '\\phi',
  '⊙': '\\odot',
  Proj: '\\mathrm{Proj}',
  Gate: '\\mathrm{Gate}',
  Fuse: '\\mathrm{Fuse}',
};

/** A symbol's letter in LaTeX, without the indices of tokens and layers. */
function baseOf(paper: string): string {
  const letter = paper.replace(/_t|\^l/g, '');
  return commands[letter] ?? (letter.includes("'") ? `{${letter}}` : letter);
}

/** The numbers that words like "3 to 8 and 12 to 14" name. */
const numbersIn = (words: string): number[] =>
  [...words.matchAll(/(\d+)(?: to (\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
  );

const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The symbols of a row of the glossary's table. Where it has as many letters as names or shapes, each letter has its own. */
function symbolsOf([papers, codes, shapes, meaning]: readonly string[]): GlossarySymbol[] {
  const letters = codesIn(papers!);
  const words = papers!.replace(/`[^`]+`/g, '').match(/\bin (.*)|of (.*)/);
  const names = codesIn(codes!);
  const sizes = shapes!.split(', ');
  return letters.map((paper, i) => ({
    paper,
    base: baseOf(paper),
    code: (names.length === letters.length ? [names[i]!] : names).map((name) => name.match(/^\w+/)![0]),
    shape: (sizes.length > 1 ? (sizes[i] ?? sizes.at(-1)!) : sizes[0]!).replaceAll('`', ''),
    meaning: meaning!.replaceAll('`', ''),
    numbers: words === null ? undefined : numbersIn(words[1] ?? ''),
  }));
}

/** The symbols of the glossary, in its order. */
export function glossary(): GlossarySymbol[] {
  const [, rest] = readFileSync(`${root}/spec/GLOSSARY.md`, 'utf8').split('## Symbols');
  const [table] = rest!.split('\n## ');
  return table!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .flatMap((cells) => symbolsOf(cells.map((cell) => cell.trim())));
}

/** One symbol of an equation: with the shape that the equation's record gives it, if it does. */
export type EquationSymbol = Pick<GlossarySymbol, 'paper' | 'base' | 'code' | 'shape' | 'meaning'>;

/** The shapes of an equation's operands, by their letters: "q [t][d], γ -> [e]" gives q the shape [t][d]. */
const operandsOf = ({ shapes }: Equation): Map<string, string> =>
  new Map(
    [...shapes.split(' -> ')[0]!.matchAll(/([^\s,[\]]+)((?: ?\[[^\]]*\])*)(?:, |$)/g)].map(([, name, shape]) => [
      name!,
      shape!.trim(),
    ]),
  );

const isHere =
  ({ number }: Equation) =>
  ({ numbers }: GlossarySymbol): boolean =>
    numbers === undefined || numbers.includes(number);

/** The letters of a formula, without its indices and exponents, in their order. */
const letters =
  /_\{(?:[^{}]|\{[^{}]*\})*\}|\^\{(?:[^{}]|\{[^{}]*\})*\}|W_o|[_^]\\?\w|\{[a-z]'+\}|\\bar\{[A-Z]\}|\\mathrm\{\w+\}|\\[a-zA-Z]+|[a-zA-Z]/g;

/** The symbols of an equation's formula. The first has the shape of the result, if no other is known. Keys are letters in LaTeX. */
export function symbolsIn(equation: Equation, all: readonly GlossarySymbol[]): Map<string, EquationSymbol> {
  const own = all
    .filter(isHere(equation))
    .sort((a, b) => Number(a.numbers === undefined) - Number(b.numbers === undefined));
  const operands = operandsOf(equation);
  const found = new Map<string, EquationSymbol>();
  for (const [base] of equation.latex.matchAll(letters)) {
    const symbol = own.find((one) => one.base === base);
    if (symbol === undefined || found.has(base)) continue;
    const result = found.size === 0 && symbol.shape === '' ? equation.shapes.split(' -> ')[1]! : symbol.shape;
    const shape = operands.get(symbol.paper.replace(/_t|\^l/g, '')) ?? result;
    found.set(base, { ...symbol, shape });
  }
  return found;
}

/** A formula whose symbols carry the names that `nameOf` gives their letters, as KaTeX writes data attributes. */
export const markedFormula = (latex: string, nameOf: (base: string) => string | undefined): string =>
  latex.replace(letters, (base) => {
    const name = nameOf(base);
    return name === undefined ? base : `\\htmlData{s=${name}}{${base}}`;
  });
