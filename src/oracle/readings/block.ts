/** @file Formats a case on which two readings differ, for a page. */
import { openReadings } from '../../../spec/readings.ts';
import { type Settings, type Tensor, toLists } from '../case.ts';
import { wrapped } from '../text.ts';
import type { Apart } from './apart.ts';

/** The line width, and the most all-zero tensors to list by name. */
const [width, fewNames] = [96, 5];

/** Rounds to four significant digits. */
const rounded = (x: number): number => Number(x.toPrecision(4));

/** Formats the numbers of a tensor as nested lists, without axes of length 1. */
export const listed = ({ shape, data }: Tensor): string =>
  JSON.stringify(toLists({ shape: shape.filter((length) => length !== 1), data: data.map(rounded) })).replaceAll(
    ',',
    ', ',
  );

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

/** Formats inputs with their numbers. Groups the inputs whose numbers are all equal. */
export function inputRows(inputs: Apart['c']['inputs']): [string, string][] {
  const uniform = new Map<number, string[]>();
  const others: [string, string][] = [];
  for (const [name, x] of Object.entries(inputs)) {
    const [first] = x.data;
    if (first === undefined) continue;
    if (x.data.length === 1 || x.data.some((value) => value !== first)) others.push([plainName(name), listed(x)]);
    else uniform.set(first, [...(uniform.get(first) ?? []), `${plainName(name)} of shape [${x.shape.join(', ')}]`]);
  }
  const together = [...uniform].map(([value, names]): [string, string] => [
    `all ${rounded(value)}`,
    value === 0 && names.length > fewNames ? `the ${names.length} others` : names.join(', '),
  ]);
  return [...others, ...together];
}

/** Formats the case and its outputs under both readings, as the lines of a generated block. */
export function blockOf({ question, c, differ, agree }: Apart): string[] {
  const { operator, mode, between, word } = question;
  const settings = [...words(c.settings, [word, 'chunkSize'])].join(', ');
  const asked: [string, string][] = [
    ['operator', `${operator.name}, ${mode} mode`],
    ...(settings === '' ? [] : [['settings', settings] as [string, string]]),
    ...inputRows(c.inputs),
  ];
  const answered: [string, string][] = [
    ...Object.entries(differ).flatMap(([name, pair]) =>
      between.map((one, i): [string, string] => [`${name}, ${one}`, listed(pair[i]!)]),
    ),
    ...(agree.length > 0 ? [['equal', agree.join(', ')] as [string, string]] : []),
  ];
  const first = Math.max(...[...asked, ...answered].map(([name]) => name.length));
  const linesOf = ([name, text]: [string, string]): string[] =>
    wrapped(text, width - first - 2).map((line, i) => `${(i === 0 ? name : '').padEnd(first)}  ${line}`);
  return [...asked.flatMap(linesOf), '', ...answered.flatMap(linesOf)];
}
