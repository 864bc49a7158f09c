/** @file Formats a case on which two readings differ, for a page. */
import { openReadings } from '../../../spec/readings.ts';
import { type Settings, type Tensor, toLists } from '../case.ts';
import { wrapped } from '../text.ts';
import type { Apart } from './apart.ts';

/** The line width, the most all-zero tensors to list by name, and the most equal numbers to list. */
const [width, fewNames, fewNumbers] = [96, 5, 4];

/** Rounds to four significant digits. */
const rounded = (x: number): number => Number(x.toPrecision(4));

/** A shape without axes of length 1. */
const shown = (shape: readonly number[]): number[] => shape.filter((length) => length !== 1);

/** Formats the numbers of a tensor as nested lists, without axes of length 1. */
export const listed = ({ shape, data }: Tensor): string =>
  JSON.stringify(toLists({ shape: shown(shape), data: data.map(rounded) })).replaceAll(',', ', ');

const defaults: Readonly<Record<string, string>> = Object.fromEntries(
  openReadings.map((reading) => [reading.name, reading.default]),
);

/** Yields the fields of settings at any depth. Skips the named fields, null, position 0, and readings at their default. */
export function* words(settings: Settings, passedOver: readonly string[]): Generator<string> {
  for (const [name, x] of Object.entries(settings)) {
    if (passedOver.includes(name) || x === null || x === defaults[name] || (name === 'position' && x === 0)) continue;
    if (typeof x === 'object' && !Array.isArray(x)) yield* words(x as Settings, passedOver);
    else yield `${name} ${Array.isArray(x) ? JSON.stringify(x) : x}`;
  }
}

const plainName = (input: string): string => input.replace(/^param\./, '');

/** A name with the letter that the equations have for it: a (Ā). */
export const withLetter = (name: string, letters: Readonly<Record<string, string>> = {}): string =>
  letters[name] === undefined ? name : `${name} (${letters[name]})`;

/** The characters that a name takes on a line: marks above a letter take none. */
const widthOf = (name: string): number => name.replace(/\p{M}/gu, '').length;

/** Formats inputs with their numbers. Groups the inputs whose numbers are all equal, unless they have letters or are few. */
export function inputRows({ question, c: { inputs } }: Apart): [string, string][] {
  const uniform = new Map<number, string[]>();
  const others: [string, string][] = [];
  const letters = question.symbols?.inputs;
  for (const [input, x] of Object.entries(inputs)) {
    const name = plainName(input);
    const [first] = x.data;
    if (first === undefined) continue;
    const isFew = x.data.length === 1 || (letters !== undefined && x.data.length <= fewNumbers);
    if (isFew || x.data.some((value) => value !== first)) others.push([withLetter(name, letters), listed(x)]);
    else uniform.set(first, [...(uniform.get(first) ?? []), `${name} of shape [${shown(x.shape).join(', ')}]`]);
  }
  const together = [...uniform].map(([value, names]): [string, string] => [
    `all ${rounded(value)}`,
    value === 0 && names.length > fewNames ? `the ${names.length} others` : names.join(', '),
  ]);
  return [...others, ...together];
}

/** Formats the case and its outputs under both readings, as the lines of a generated block. */
export function blockOf(apart: Apart): string[] {
  const { question, c, differ, agree } = apart;
  const { operator, mode, between, word, symbols } = question;
  const settings = [...words(c.settings, [word, 'chunkSize'])].join(', ');
  const asked: [string, string][] = [
    ['operator', `${operator.name}, ${mode} mode`],
    ...(settings === '' ? [] : [['settings', settings] as [string, string]]),
    ...inputRows(apart),
  ];
  const answered: [string, string][] = [
    ...Object.entries(differ).flatMap(([name, pair]) =>
      between.map((one, i): [string, string] => [`${withLetter(name, symbols?.outputs)}, ${one}`, listed(pair[i]!)]),
    ),
    ...(agree.length > 0 ? [['equal', agree.join(', ')] as [string, string]] : []),
  ];
  const first = Math.max(...[...asked, ...answered].map(([name]) => widthOf(name)));
  const linesOf = ([name, text]: [string, string]): string[] =>
    wrapped(text, width - first - 2).map((line, i) => {
      const start = i === 0 ? name : '';
      return `${start}${' '.repeat(first - widthOf(start))}  ${line}`;
    });
  return [...asked.flatMap(linesOf), '', ...answered.flatMap(linesOf)];
}
