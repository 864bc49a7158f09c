/** @file Checks the names in a declared domain against its operator. */
import * as fc from 'fast-check';
import { isObject } from '../../io/json.ts';
import { quoted } from '../../io/text.ts';
import { didYouMean } from '../../tensor/names.ts';
import { takesBatches } from '../axes.ts';
import { batchSettingNames } from '../batch-kind.ts';
import type { Operator } from '../operator.ts';
import { hasAxis, matches, type Side } from '../signature.ts';
import type { Domain } from './domain.ts';

/** Sentences about names in a domain that its operator does not have, or has in another place. */
export function unknownNames(operator: Operator, { axes, inputs, settings, zeroCotangents }: Domain): string[] {
  const { signature } = operator;
  const letters = lettersIn(signature);
  const where = `its domain of ${operator.name}`;
  const unknown = (what: string, name: string, known: readonly string[], more = ''): string[] =>
    known.includes(name)
      ? []
      : [
          `${where} has the ${what} ${quoted(name)}, which is not known; ${listed(known)}${more}${didYouMean(name, known)}`,
        ];
  const axis = (letter: string): string[] => unknown('axis', letter, letters, ` (${signature.text})`);
  const shared = Object.entries(axes).flatMap(([letter, other]) => {
    if (typeof other !== 'string' || !letters.includes(letter)) return [];
    const isChain = typeof axes[other] === 'string';
    if (other !== letter && !isChain) return axis(other);
    return [`${where} says that ${letter} is as long as ${other}; name a letter that is not itself as long as another`];
  });
  return [
    ...Object.keys(axes).flatMap(axis),
    ...shared,
    ...Object.entries(inputs).flatMap(([name, numbers]) => {
      const term = termOf(signature.inputs, name);
      if (term === undefined) return unknown('input', name, patternsOf(signature.inputs));
      if (typeof numbers !== 'string' || term.isOptional || term.pattern.includes('*')) return [];
      return [`${where} says that ${name} is ${numbers}; it is always given: leave that out`];
    }),
    ...Object.keys(settings).flatMap((name) =>
      unknown('setting', name, [...settingsOf(operator), ...batchSettings(operator)]),
    ),
    ...zeroCotangents.flatMap((name) =>
      termOf(signature.outputs, name) === undefined ? unknown('output', name, patternsOf(signature.outputs)) : [],
    ),
  ];
}

/** The value of a setting; `readings.gate` is the entry `gate` of `readings`. */
export const settingAt = (settings: unknown, name: string): unknown =>
  name.split('.').reduce((value, key) => (isObject(value) ? value[key] : undefined), settings);

const listed = (known: readonly string[]): string =>
  known.length === 0 ? 'it has none' : `known are ${known.join(', ')}`;

/** The letters whose lengths inputs show. */
const lettersIn = ({ inputs }: Operator['signature']): string[] => {
  const all = inputs.flatMap(({ shapes }) => shapes.flatMap((axes) => axes.flatMap(({ letters }) => letters)));
  return [...new Set(all)].filter((letter) => hasAxis(inputs, letter) && !/\d/.test(letter));
};

const patternsOf = (side: Side): string[] => side.map(({ pattern }) => pattern);

const termOf = (side: Side, name: string) =>
  side.find(({ pattern }) => pattern === name || (!name.includes('*') && matches(pattern, name)));

/** The settings of batches, if the operator has them. */
const batchSettings = (operator: Operator): readonly string[] => (takesBatches(operator) ? batchSettingNames : []);

/** The number of layouts to draw for the names of the settings. */
const drawn = 16;

/** The names of an operator's settings, also those within others. */
function settingsOf(operator: Operator): string[] {
  const layouts = fc.sample(operator.layouts({ longest: 9 }), { numRuns: drawn, seed: 1 });
  return [...new Set(layouts.flatMap(({ settings }) => pathsIn(settings, '')))];
}

const pathsIn = (settings: Readonly<Record<string, unknown>>, prefix: string): string[] =>
  Object.entries(settings).flatMap(([name, value]) => [
    `${prefix}${name}`,
    ...(isObject(value) ? pathsIn(value, `${prefix}${name}.`) : []),
  ]);
