/** @file Tries faults in a worker: posts the table of faults, then for each question the laws, the errors and the smallest case. */
import type { Case, Settings } from '../../src/oracle/case.ts';
import { faults } from '../../src/oracle/faults.ts';
import type { FaultTable } from '../labs/break/controls.ts';
import { type Compared, errorsOf } from '../labs/break/errors.ts';
import { faultsOf, keyOf, type LawRow, lawsOf, type Smallest, smallest, tried } from '../labs/break/trial.ts';

/** What the page asks. */
export interface BreakQuestion {
  readonly id: number;
  readonly operator: string;
  readonly fault: string;
  readonly tokens: number;
  readonly chunk: number;
  readonly seed: number;
  /** The law whose case is drawn; the first that rejects the fault if it is none of them. */
  readonly law: string;
  readonly numbers: string;
}

/** What the worker found so far. */
export type BreakAnswer =
  | { readonly kind: 'table'; readonly table: FaultTable }
  | {
      readonly kind: 'laws';
      readonly id: number;
      readonly rows: readonly LawRow[];
      readonly waiting: readonly string[];
    }
  | {
      readonly kind: 'errors';
      readonly id: number;
      readonly law: string;
      readonly settings: Settings;
      readonly compared: readonly Compared[];
    }
  | { readonly kind: 'smallest'; readonly id: number; readonly law: string; readonly found: Smallest | null }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

const self = globalThis as unknown as {
  onmessage(event: { readonly data: BreakQuestion }): void;
  postMessage(message: BreakAnswer): void;
};

const { port1, port2 } = new MessageChannel();
/** Lets messages in: a newer question ends the work on an older one. */
const rest = (): Promise<void> =>
  new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(null);
  });

class Superseded extends Error {}

let latest = 0;
/** Rows of laws by fault, tokens, chunk and seed: another law of the same fault needs no new ones. */
let known: { readonly of: string; readonly rows: LawRow[] } = { of: '', rows: [] };

async function answer(question: BreakQuestion): Promise<void> {
  const { id, operator, fault: key, tokens, chunk, seed, numbers } = question;
  const what = { tokens, chunk, seed };
  const fault = faultsOf(operator).get(key)!;
  const all = lawsOf(fault);
  const of = [operator, key, tokens, chunk, seed].join(' ');
  if (known.of !== of) known = { of, rows: [] };
  const { rows } = known;
  const still = async (): Promise<void> => {
    await rest();
    if (id !== latest) throw new Superseded();
  };
  const names = all.map(({ name }) => name);
  const asked = names.includes(question.law) ? question.law : null;
  let drawn: LawRow | undefined;
  const postErrors = (law: string, c: Case): void =>
    self.postMessage({ kind: 'errors', id, law, settings: c.settings, compared: errorsOf(fault, c, law) });
  const draw = (row: LawRow): void => {
    if (row.c === null) return;
    drawn = row;
    if (numbers === 'first' || row.rejected === null) postErrors(row.law, row.c);
  };
  const isWanted = ({ law, rejected }: LawRow): boolean => (asked === null ? rejected !== null : law === asked);
  for (const [i, law] of all.entries()) {
    if (rows[i] === undefined) {
      const run = tried(law, fault, what);
      let step = run.next();
      for (; !step.done; step = run.next()) await still();
      rows[i] = step.value;
    }
    self.postMessage({ kind: 'laws', id, rows: rows.slice(0, i + 1), waiting: names.slice(i + 1) });
    if (drawn === undefined && isWanted(rows[i]!)) draw(rows[i]!);
  }
  const fallback = rows.find(({ c }) => c !== null);
  if (drawn === undefined && fallback !== undefined) draw(fallback);
  const { law = '', rejected = null } = drawn ?? {};
  const found = rejected && (await smallest(all.find(({ name }) => name === law)!, fault, what, still));
  self.postMessage({ kind: 'smallest', id, law, found });
  const c = found?.c ?? drawn?.c;
  if (numbers === 'smallest' && rejected !== null && c) postErrors(law, c);
  self.postMessage({ kind: 'done', id });
}

self.onmessage = ({ data }) => {
  latest = data.id;
  answer(data).catch((error: unknown) => {
    if (error instanceof Superseded) return;
    const message = error instanceof Error ? error.message : String(error);
    self.postMessage({ kind: 'failed', id: data.id, message });
  });
};

const table: Record<string, Record<string, string>> = {};
for (const fault of faults) {
  table[fault.operator.name] ??= {};
  table[fault.operator.name]![keyOf(fault)] = fault.says;
}
self.postMessage({ kind: 'table', table });
