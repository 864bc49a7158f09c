/** @file Finds out whether layouts and cases are inside a backend's domain. */
import { type Case, type Layout, rangeOf } from '../case.ts';
import { contains, isEmpty } from '../interval.ts';
import type { Operator } from '../operator.ts';
import { lengthsIn, matches } from '../signature.ts';
import { axisWords, type Condition, type Domain, meets, otherWords } from './domain.ts';
import { settingAt } from './known.ts';

/** Whether a name is that of an entry of a domain, or matches its pattern. */
export const isNamed = (entry: string, name: string): boolean => entry === name || matches(entry, name);

/** What a domain says that a layout does not fulfil, in words. */
export function reasonsAgainst(
  operator: Operator,
  { inputs, settings }: Pick<Layout, 'inputs' | 'settings'>,
  domain: Domain,
): string[] {
  const lengths = lengthsIn(operator.signature.inputs, inputs);
  const isLength = (letter: string, condition: Condition | string): boolean => {
    const length = lengths[letter];
    if (length === undefined) return true;
    return typeof condition === 'string' ? (lengths[condition] ?? length) === length : meets(condition, length);
  };
  const isInput = (entry: string, one: Domain['inputs'][string]): boolean => {
    const slots = Object.entries(inputs).filter(([name]) => isNamed(entry, name));
    return typeof one === 'string'
      ? slots.length > 0 === (one === 'given')
      : slots.every(([, slot]) => !isEmpty(rangeOf(slot)));
  };
  const { axes, inputs: numbers, settings: conditions } = domain;
  const nothing: Domain = { axes: {}, inputs: {}, settings: {}, zeroCotangents: [] };
  return [
    ...Object.entries(axes).flatMap(([letter, one]) => (isLength(letter, one) ? [] : [axisWords(letter, one)])),
    ...Object.entries(numbers).flatMap(([entry, one]) =>
      isInput(entry, one) ? [] : otherWords({ ...nothing, inputs: { [entry]: one } }),
    ),
    ...Object.entries(conditions).flatMap(([name, condition]) =>
      meets(condition, settingAt(settings, name)) ? [] : otherWords({ ...nothing, settings: { [name]: condition } }),
    ),
  ];
}

/** Whether a case is inside a domain: its lengths, settings and numbers. */
export function isInside(operator: Operator, c: Case, domain: Domain): boolean {
  const isNumbers = ([name, { data }]: [string, Case['inputs'][string]]): boolean =>
    Object.entries(domain.inputs).every(
      ([entry, within]) =>
        typeof within === 'string' || !isNamed(entry, name) || data.every((x) => contains(within, x)),
    );
  const isSilent = ([name, { data }]: [string, Case['cotangents'][string]]): boolean =>
    !domain.zeroCotangents.some((entry) => isNamed(entry, name)) || data.every((x) => x === 0);
  return (
    reasonsAgainst(operator, c, domain).length === 0 &&
    Object.entries(c.inputs).every(isNumbers) &&
    Object.entries(c.cotangents).every(isSilent)
  );
}
