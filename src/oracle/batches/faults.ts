/** @file Lists the known faults of an operator, as programs on its cases, also where these are batches. */
import type { Fault } from '../fault.ts';
import { faults } from '../faults.ts';
import type { Operator } from '../operator.ts';
import { afresh, startingAfresh } from './afresh.ts';
import { eachAlone, together } from './alone.ts';

/** The laws of batches reject the faults that appear only there. */
const isOfBatches = ({ rejectedBy }: Fault): boolean => rejectedBy.every((law) => law === 'packed' || law === 'padded');

/** The faults of an operator. On batches also those that appear only there; the others are in each sequence. */
export function faultsOn(operator: Operator): readonly Fault[] {
  const { batched } = operator;
  if (batched === undefined) return faults.filter((fault) => fault.operator === operator);
  const { kind, of } = batched;
  const own = afresh(of);
  return faults.flatMap((fault): Fault[] => {
    if (fault.operator !== of) return [];
    const program = startingAfresh(of, fault.program);
    if (!isOfBatches(fault)) return [{ ...fault, program: eachAlone(own, kind, program, own.modes[fault.mode]) }];
    return fault.rejectedBy.includes(kind) ? [{ ...fault, program: together(own, kind, program) }] : [];
  });
}
