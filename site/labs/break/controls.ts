/** @file The controls of the lab of faults, which depend on the table of faults, and on the operator that is chosen. */
import type { Choice, Controls } from '../shared/controls.ts';

/** The table of faults: for each operator, what is wrong in each fault, by `mode/name`. */
export type FaultTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The operator and the fault with which the lab opens. */
const start = { operator: 'retention', fault: 'chunkwise/carry-lost' };

/** The longest sequence, and the largest chunk. */
const longest = 32;

const namesOf = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, name]));

/** The controls for an operator of the table. */
export function breakControls(table: FaultTable, operator: string) {
  const own = Object.keys(table[operator] ?? {});
  const fault: Choice = {
    label: 'fault',
    options: Object.fromEntries(own.map((key) => [key, key.replace('/', ': ')])),
    start: own.includes(start.fault) ? start.fault : own[0]!,
  };
  return {
    operator: { label: 'operator', options: namesOf(Object.keys(table)), start: start.operator },
    fault,
    tokens: { label: 'tokens T', min: 1, max: longest, step: 1, start: 5 },
    chunk: { label: 'chunk size', min: 0, max: longest, step: 1, start: 0, shows: (x) => (x === 0 ? 'drawn' : `${x}`) },
    seed: { label: 'seed', min: 1, max: 100, step: 1, start: 1 },
    numbers: {
      label: 'map shows',
      options: { first: 'first case that fails', smallest: 'smallest case that fails' },
      start: 'first',
    },
  } satisfies Controls;
}

/** The operator of a query. */
export const operatorIn = (table: FaultTable, query: string): string => {
  const given = new URLSearchParams(query).get('operator') ?? '';
  return Object.hasOwn(table, given) ? given : start.operator;
};

/** Whether a fault is in code that divides a sequence into chunks. */
export const isInChunks = (fault: string): boolean => fault.startsWith('chunkwise/');

/** The fault of an operator that is shown where one of this key is asked for: itself, one of its name in another mode, or that of the start. */
export function faultShown(table: FaultTable, operator: string, asked: string): string {
  const own = Object.keys(table[operator] ?? {});
  if (own.includes(asked)) return asked;
  const name = asked.slice(asked.indexOf('/'));
  return own.find((key) => key.endsWith(name)) ?? breakControls(table, operator).fault.start;
}

/** What of the state is no control of the form: the law whose case is drawn, the tensor, the axes of its map, and the element. */
export const freeNames = ['law', 'tensor', 'rows', 'columns', 'at'] as const;

/** The free part of the state, as a query has it; '' where nothing is chosen. */
export function freeIn(query: string): Readonly<Record<(typeof freeNames)[number], string>> {
  const given = new URLSearchParams(query);
  return Object.fromEntries(freeNames.map((name) => [name, given.get(name) ?? ''])) as Record<
    (typeof freeNames)[number],
    string
  >;
}
