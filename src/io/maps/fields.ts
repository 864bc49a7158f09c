/** @file Reads fields of another project's config.json: checks each, and refuses settings that our models do not have. */
import { fail } from '../../tensor/errors.ts';
import { isCount, isObject } from '../json.ts';
import { shown } from '../text.ts';

/** A config.json: its values, and its path for errors. */
export interface Fields {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const isGiven = ({ values }: Fields, name: string): boolean => Object.hasOwn(values, name) && values[name] !== null;

function checked<T>(fields: Fields, name: string, is: (x: unknown) => boolean, words: string, otherwise?: T): T {
  if (!isGiven(fields, name) && otherwise !== undefined) return otherwise;
  const value = Object.hasOwn(fields.values, name) ? fields.values[name] : undefined;
  return is(value) ? (value as T) : fail(`${fields.path}: ${name} is ${shown(value)}; it is ${words}: correct it`);
}

/** An integer from 1 on; `otherwise` where it is missing. Throws on anything else. */
export const countIn = (fields: Fields, name: string, otherwise?: number): number =>
  checked(fields, name, (x) => isCount(x) && x > 0, 'an integer ≥ 1', otherwise);

/** A finite number; `otherwise` where it is missing. Throws on anything else. */
export const numberIn = (fields: Fields, name: string, otherwise?: number): number =>
  checked(fields, name, Number.isFinite, 'a number', otherwise);

/** True or false; `otherwise` where it is missing. Throws on anything else. */
export const flagIn = (fields: Fields, name: string, otherwise?: boolean): boolean =>
  checked(fields, name, (x) => typeof x === 'boolean', 'true or false', otherwise);

/** The fields of an object, none where it is missing. Throws on anything else. */
export const objectIn = (fields: Fields, name: string): Fields => ({
  path: `${fields.path}: ${name}`,
  values: checked<Record<string, unknown>>(fields, name, isObject, 'an object', {}),
});

/** Throws on a field with a value that our model does not have. One that is missing has the first value. */
export function onlyIn(fields: Fields, honoured: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [name, values] of Object.entries(honoured)) {
    const value = isGiven(fields, name) ? fields.values[name] : values[0];
    if (!values.some((one) => JSON.stringify(one) === JSON.stringify(value)))
      fail(`${fields.path}: ${name} is ${shown(value)}; our model has ${values.map(shown).join(' or ')} only`);
  }
}

/** Throws on a field that is neither read nor known to leave the function alone. */
export function noOthersIn(fields: Fields, known: readonly string[]): void {
  const other = Object.keys(fields.values).find((name) => !known.includes(name));
  if (other !== undefined)
    fail(`${fields.path} has ${shown(other)}, which is unknown here; our model would not follow it`);
}
