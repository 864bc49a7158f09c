/** @file Rounds the numbers of a changed case to its type: half of the smallest number, or a power of two beyond the largest, is none. */
import type { Dtype } from '../../backends/backend.ts';
import { type Case, mapTensors, type Tensor } from '../../case.ts';
import { profileOf } from '../verdict/allowed.ts';

/** The case with numbers of its type in place of others, the largest one for those beyond; the same case if it has no others. */
export function onGrid(c: Case, dtype: Dtype): Case {
  const { round, largest } = profileOf[dtype].at.input;
  const isNumber = (x: number): boolean => round(x) === x || Number.isNaN(x);
  const nearest = (x: number): number =>
    isNumber(x) || !Number.isFinite(x) ? x : Math.min(largest, Math.max(-largest, round(x)));
  const isFine = ({ kind, data }: Tensor): boolean => kind === 'index' || data.every(isNumber);
  const rounded = (x: Tensor): Tensor => (isFine(x) ? x : { ...x, data: x.data.map(nearest) });
  if ([...Object.values(c.inputs), ...Object.values(c.cotangents)].every(isFine)) return c;
  return { ...c, inputs: mapTensors(c.inputs, rounded), cotangents: mapTensors(c.cotangents, rounded) };
}
