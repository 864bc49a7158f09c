/** @file Makes options of commands: integers within limits, names of a list, and those that every command has. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { fail } from '../tensor/errors.ts';
import { didYouMean, nearest } from '../tensor/names.ts';

/** Takes what a command has found: whether all is right, or an exit status of its own. */
export type Finish = (result: boolean | number) => void;

/** A parser of integers within limits. */
export const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be an integer from ${least} to ${most}.`);
    }
    return value;
  };

/** A parser of texts that are not empty, such as paths. */
export function filled(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** A parser of several texts that are not empty. */
export const eachFilled = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  filled(text),
];

/** The most choices that are listed beside what was probably meant. */
const mostListed = 12;

/** An option whose value is one of some names; with `name...` several values. A wrong one gets the nearest name. */
export function choiceOption(flags: string, description: string, names: readonly string[]): Option {
  const option = new Option(flags, description).choices(names);
  return option.argParser<string | readonly string[]>((name, previous) => {
    if (!names.includes(name)) {
      // float32 and bfloat16 are F32 and BF16
      const meant = nearest(name.replace(/^(b?)float(?=\d)/i, '$1f'), names);
      const several = option.variadic && name.includes(',') ? name.split(',').filter((one) => one !== '') : [];
      const near = meant === undefined ? '' : `\n(Did you mean ${meant}?)`;
      const apart = several.length === 0 ? near : `\n(Give several with spaces: ${several.join(' ')})`;
      // a long list would hide what is near
      const choices = apart !== '' && names.length > mostListed ? '' : `Allowed choices are ${names.join(', ')}.`;
      throw new InvalidArgumentError(`${choices}${apart}`.trim());
    }
    return option.variadic ? [...(previous ?? []), name] : name;
  });
}

/**
 * The items that words name, each once, in the order of the words. Case does not count, and a name of several words needs no quotes.
 * Throws an InputError with the nearest name if a word names nothing.
 */
export function itemsNamed<T>(
  command: string,
  words: readonly string[],
  items: readonly T[],
  namesOf: (item: T) => readonly string[],
): T[] {
  const named = (word: string): T[] =>
    items.filter((item) => namesOf(item).some((name) => name.toLowerCase() === word.toLowerCase()));
  const whole = named(words.join(' '));
  if (whole.length > 0) return whole;
  const known = [...new Set(items.flatMap(namesOf))];
  const unknown = words.find((word) => named(word).length === 0);
  if (unknown !== undefined) {
    const near = didYouMean(words.join(' '), known) || didYouMean(unknown, known);
    fail(`${command}: nothing here is called '${unknown}'${near}; densessm ${command} lists the names`);
  }
  return [...new Set(words.flatMap(named))];
}

/** The words that call a command, after densessm. */
const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/** Every command speaks in one of these ways. */
export const speaking = (command: Command): Command =>
  command
    .showHelpAfterError(`(densessm ${pathOf(command)} --help lists its options)`)
    .option('--json', 'print the result as JSON', false)
    .option('--quiet', 'print only failures and the verdict', false)
    .option('--debug', 'show stack traces of errors', false);

/** A parser of numbers within limits. */
export const number =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };

/** Adds a NAME=VALUE, or what `form` says, to those before it. */
export function pair(
  text: string,
  before: Readonly<Record<string, string>> = {},
  form = 'NAME=VALUE',
): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError(`It is ${form}.`);
  return { ...before, [name]: value };
}
