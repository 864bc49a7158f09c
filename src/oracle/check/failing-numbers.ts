/** @file The numbers of a failing case: what was asked and answered, and what is right. Reports draw and save them. */
import { coarserThan, type Profile } from '../../executors/profiles/profile.ts';
import { sentCase } from '../batches/asked.ts';
import type { Operator } from '../operator.ts';
import { lettersOf } from '../signature.ts';
import type { Failing } from './diagnosis/contrast/contrast.ts';
import { tensorOf } from './diagnosis/where.ts';
import type { ComparedNumbers, FailingNumbers, FindingNumbers, Fit } from './failure-data.ts';
import type { Inquiry } from './inquiry.ts';
import { type Allowed, allowedFor, inTypesOf } from './verdict/allowed.ts';
import { nearest } from './verdict/judged.ts';
import { formsFor } from './verdict/large.ts';
import { ratioOf } from './verdict/place.ts';

/** Cases of more numbers are not kept. */
const most = 2 ** 20;

/** The numbers of a failing case; null if nothing can be compared, or there are too many. */
export function failingNumbers(operator: Operator, { c, wrong: { judged } }: Failing): FailingNumbers | null {
  if (judged === null) return null;
  const tensors: Record<string, ComparedNumbers> = {};
  let count = 0;
  for (const [tensor, { shape, expected, bounds, period }] of Object.entries(judged.allowed.tensors)) {
    const have = judged.answered.get(tensor);
    if (have === undefined || have.data.length !== expected.length) continue;
    const { side, name } = tensorOf(tensor);
    const axes = lettersOf(operator.signature[side], name, shape.length) ?? shape.map((_, axis) => `axis ${axis}`);
    const compared = { shape, axes, dtype: have.dtype, answered: have.data, expected, bounds };
    tensors[tensor] = period === undefined ? compared : { ...compared, period };
    count += expected.length;
  }
  return count === 0 || count > most ? null : { c: sentCase(operator, c), tensors };
}

/** The numbers of a finding, whose smallest case is given, and others that failed. */
export function findingNumbers(
  operator: Operator,
  smallest: Failing,
  others: readonly Failing[],
): FindingNumbers | null {
  const own = failingNumbers(operator, smallest);
  if (own === null) return null;
  const all = others.flatMap((one) => failingNumbers(operator, one) ?? []);
  return { smallest: own, largest: all.reduce((a, b) => (numbersIn(b) > numbersIn(a) ? b : a), own) };
}

const numbersIn = ({ tensors }: FailingNumbers): number =>
  Object.values(tensors).reduce((sum, { expected }) => sum + expected.length, 0);

/** The most numbers of a case whose fits are computed. */
const mostFitted = 20_000;

/**
 * How well the answer to a case fits each way to compute: first as it is judged, with the declared form and atomic additions, then at each coarser profile, then by each other form.
 */
export function fitsOf(
  { operator, mode, dtype, unjudged, declared }: Inquiry,
  { c, wrong: { judged } }: Failing,
): Fit[] {
  if (judged === null || judged.judgement.mismatches.some(({ worst }) => worst === null)) return [];
  const { profile: own, tensors } = judged.allowed;
  const count = Object.values(tensors).reduce((sum, { expected }) => sum + expected.length, 0);
  if (count > mostFitted) return [];
  const gradients = Object.keys(tensors).some((name) => name.startsWith('grad/'));
  const fit = (says: string, profile: Profile, form?: string): Fit => {
    const { atomic } = declared;
    const allowed = allowedFor(operator, { mode, dtype, gradients, c, profile, form, atomic, unjudged });
    return { says, ratio: largestRatio(inTypesOf(allowed, judged.answered), judged.answered) };
  };
  const forms = formsFor(operator, mode, c);
  const said = forms.find(([name]) => name === declared.form)?.[1].says;
  const atProfile = ({ says }: Profile): string => (said === undefined ? says : `${says}, as ${said}`);
  return [
    { says: atProfile(own), ratio: largestRatio(judged.allowed, judged.answered) },
    ...coarserThan(own).map((profile) => fit(atProfile(profile), profile, declared.form)),
    ...forms.filter(([name]) => name !== declared.form).map(([name, { says }]) => fit(`as ${says}`, own, name)),
  ];
}

function largestRatio({ tensors }: Allowed, answered: ReadonlyMap<string, { readonly data: Float64Array }>): number {
  let largest = 0;
  for (const [tensor, own] of Object.entries(tensors)) {
    const { expected, bounds } = own;
    const data = nearest(own, answered.get(tensor)!.data);
    for (let i = 0; i < expected.length; i++)
      largest = Math.max(
        largest,
        bounds[i] === Number.POSITIVE_INFINITY ? 0 : ratioOf(data[i]!, expected[i]!, bounds[i]!),
      );
  }
  return largest;
}
