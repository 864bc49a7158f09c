/** @file Waivers: failures that the caller knows of, each of one tensor in one row or several, with a reason. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { dtypes } from '../backends/backend.ts';
import { rowModes } from '../batches/rows.ts';
import { operators } from '../operators/index.ts';
import { termIn } from '../signature.ts';
import type { RowKey } from './row.ts';

/** A waiver: the other tensors of its rows are still judged. */
export interface Waiver {
  readonly operator: string;
  /** A mode, or `*` for all. */
  readonly mode: string;
  /** A type, or `*` for all. */
  readonly dtype: string;
  /** A tensor of answers: `out/…` or `grad/…`. */
  readonly tensor: string;
  readonly reason: string;
}

/** What a waiver is about, as its caller wrote it. */
export const subjectOf = ({ operator, mode, dtype, tensor }: Waiver): string =>
  `${operator} ${mode} ${dtype} ${tensor}`;

/** Whether a waiver is about a row. */
export const isAbout = (waiver: Waiver, { operator, mode, dtype }: RowKey): boolean =>
  waiver.operator === operator && ['*', mode].includes(waiver.mode) && ['*', dtype].includes(waiver.dtype);

/**
 * Reads a waiver, `OPERATOR MODE TYPE TENSOR=REASON`. Throws an InputError where a name is not known or the reason is missing.
 * @example
 * waiverFrom('retention * F32 grad/k=not implemented').reason // 'not implemented'
 */
export function waiverFrom(text: string): Waiver {
  const where = `waiver '${text}'`;
  const [subject = '', ...rest] = text.split('=');
  const reason = rest.join('=').trim();
  const [name = '', mode = '', dtype = '', tensor = '', ...more] = subject.trim().split(/\s+/);
  if (tensor === '' || more.length > 0 || reason === '')
    fail(`${where}: write OPERATOR MODE TYPE TENSOR=REASON, as 'retention chunkwise F32 grad/k=not implemented yet'`);
  const operator = operators.find((one) => one.name === name);
  if (operator === undefined)
    return unknown(
      where,
      'operator',
      name,
      operators.map((one) => one.name),
    );
  const modes = ['*', ...rowModes(operator)];
  if (!modes.includes(mode)) unknown(where, 'mode', mode, modes);
  if (!['*', ...dtypes].includes(dtype)) unknown(where, 'type', dtype, ['*', ...dtypes]);
  const { inputs, outputs } = operator.signature;
  const [, side, own = ''] = /^(out|grad)\/(.+)$/.exec(tensor) ?? [];
  if (side === undefined || termIn(side === 'out' ? outputs : inputs, own) === undefined)
    unknown(where, 'tensor', tensor, [
      ...outputs.map(({ pattern }) => `out/${pattern}`),
      ...inputs.map(({ pattern }) => `grad/${pattern}`),
    ]);
  return { operator: name, mode, dtype, tensor, reason };
}

const unknown = (where: string, what: string, name: string, known: readonly string[]): never =>
  fail(`${where}: the ${what} '${name}' is not known; known are ${known.join(', ')}${didYouMean(name, known)}`);
