/** @file Draws layouts inside a backend's domain. */
import * as fc from 'fast-check';
import type { Layout, Slot } from '../case.ts';
import { movedInside } from '../interval.ts';
import type { Operator, Size } from '../operator.ts';
import { type Condition, type Domain, meets, type Scalar } from './domain.ts';
import { isNamed, reasonsAgainst } from './inside.ts';
import { drawnInside } from './size.ts';

/** Draws layouts inside a domain. They are as usual where the domain says nothing. */
export const layoutsIn = (operator: Operator, size: Size, domain: Domain): fc.Arbitrary<Layout> =>
  nearby(operator, size, domain).filter((layout) => isInside(operator, layout, domain));

/** Whether a layout is inside a domain. */
export const isInside = (operator: Operator, layout: Layout, domain: Domain): boolean =>
  reasonsAgainst(operator, layout, domain).length === 0;

/** Those of `count` layouts near a domain that are inside it. Equal seeds give equal layouts. */
export const sampleInside = (operator: Operator, size: Size, domain: Domain, count: number, seed: number): Layout[] =>
  fc
    .sample(nearby(operator, size, domain), { numRuns: count, seed })
    .filter((layout) => isInside(operator, layout, domain));

/** The number of layouts to draw before a domain counts as empty. */
const tried = 1000;

/** What a domain says that no layout of a mode fulfils, in words; null if some layout is inside. */
export function unfulfilled(operator: Operator, mode: string, size: Size, domain: Domain): string | null {
  const drawn = fc
    .sample(nearby(operator, size, domain), { numRuns: tried, seed: 1 })
    .filter((layout) => operator.admits(layout.settings, mode));
  const reasons = drawn.map((layout) => reasonsAgainst(operator, layout, domain));
  if (reasons.some((against) => against.length === 0)) return null;
  const never = [...new Set(reasons.flat())].filter((reason) => reasons.every((against) => against.includes(reason)));
  return (never.length > 0 ? never : [...new Set(reasons.flat())]).join(' and ');
}

/** Draws layouts with lengths, numbers and free settings inside a domain. */
const nearby = (operator: Operator, size: Size, domain: Domain): fc.Arbitrary<Layout> =>
  fc
    .tuple(
      drawnInside(size, domain, (inside) => operator.layouts(inside)),
      fc.nat({ max: 1023 }),
    )
    .map(([layout, pick]) => withNumbers(withSettings(layout, domain, pick), domain));

/** The settings that change no input. Their values are chosen inside; others are drawn until they are. */
const free = ['chunkSize', 'decay', 'scale'];

function withSettings(layout: Layout, { settings }: Domain, pick: number): Layout {
  const changed = Object.entries(settings)
    .filter(([name]) => free.includes(name) && layout.settings[name] !== undefined)
    .map(([name, condition]) => [name, metBy(condition, layout.settings[name], pick)]);
  return { ...layout, settings: { ...layout.settings, ...Object.fromEntries(changed) } };
}

/** The number of values to choose from if a condition lists none. */
const choices = 3;

/** A value that meets a condition: the drawn one if it does, else one of those that do. */
function metBy(condition: Condition, value: unknown, pick: number): unknown {
  const lists = condition.lists?.filter(({ length }) => Array.isArray(value) && value.length === length);
  if (lists !== undefined) return lists.length === 0 ? value : lists[pick % lists.length];
  if (Array.isArray(value)) return value.map((one, i) => metBy(condition, one, pick + i));
  if (meets(condition, value)) return value;
  const { oneOf, within } = condition;
  if (oneOf === undefined && within !== undefined && typeof value === 'number') {
    const moved = movedInside(within, value);
    if (meets(condition, moved)) return moved;
  }
  const values: Scalar[] = oneOf === undefined ? [] : [...oneOf];
  for (let n = 1; oneOf === undefined && values.length < choices && n <= 2 ** 16; n++) {
    if (meets(condition, n)) values.push(n);
  }
  return values.length === 0 ? value : values[pick % values.length];
}

/** A layout whose numbers are drawn inside a domain. */
function withNumbers(layout: Layout, { inputs, zeroCotangents }: Domain): Layout {
  const slots = Object.entries(layout.inputs).map(([name, slot]): [string, Slot] => {
    const [, within] = Object.entries(inputs).find(([entry]) => isNamed(entry, name)) ?? [];
    return [name, within === undefined || typeof within === 'string' ? slot : { ...slot, within }];
  });
  const silent = Object.keys(layout.outputs).filter((name) => zeroCotangents.some((entry) => isNamed(entry, name)));
  return { ...layout, inputs: Object.fromEntries(slots), ...(silent.length > 0 && { zeroCotangents: silent }) };
}
