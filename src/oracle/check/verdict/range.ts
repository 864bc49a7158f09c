/** @file Finds where a type's range ends: numbers that are NaN or ∞ as a product or sum on the way to them exceeds its largest number. */
import { type Format, f32Format } from '../../../executors/profiles/format.ts';
import { type Profile, sites } from '../../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../../io/safetensors.ts';
import type { Question } from '../../backends/backend.ts';
import type { Operator } from '../../operator.ts';
import { type Allowed, allowedFor, type Computed } from './allowed.ts';

/** The elements of tensors that are beyond the range. */
export type Beyond = ReadonlyMap<string, readonly number[]>;

const nothing: Beyond = new Map();

type Answered = ReadonlyMap<string, StoredTensor>;

const isShort = ({ largest }: Format): boolean => largest < f32Format.largest;

/** The profile without the limits of its range. */
const widened = (profile: Profile): Profile => ({
  ...profile,
  at: Object.fromEntries(
    sites.map((site) => {
      const format = profile.at[site];
      return [site, isShort(format) ? { ...format, largest: f32Format.largest } : format];
    }),
  ) as unknown as Profile['at'],
});

/**
 * Finds the numbers of an answer that are NaN or ∞ because a formula overflows on the way to them: it gives them no bound, and has one if its
 * formats have the same digits and the range of single precision. In half precision alone, whose largest number is 65,504.
 */
export function beyondRange(
  operator: Operator,
  formulas: () => readonly (Omit<Question, 'operator'> & Computed & { readonly profile: Profile })[],
  answered: Answered,
): Beyond {
  const left = new Map<string, number[]>();
  for (const [tensor, { data }] of answered) {
    const odd: number[] = [];
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) odd.push(i);
    if (odd.length > 0) left.set(tensor, odd);
  }
  if (left.size === 0) return nothing;
  const found = new Map<string, number[]>();
  for (const formula of formulas()) {
    if (left.size === 0 || !sites.some((site) => isShort(formula.profile.at[site]))) break;
    const [own, wide] = [formula.profile, widened(formula.profile)].map(
      (profile) => allowedFor(operator, { ...formula, profile }).tensors,
    ) as [Allowed['tensors'], Allowed['tensors']];
    for (const [tensor, odd] of left) {
      const overflows = (i: number): boolean =>
        own[tensor]?.bounds[i] === Number.POSITIVE_INFINITY && Number.isFinite(wide[tensor]!.bounds[i]);
      found.set(tensor, [...(found.get(tensor) ?? []), ...odd.filter(overflows)]);
      const rest = odd.filter((i) => !overflows(i));
      if (rest.length === 0) left.delete(tensor);
      else left.set(tensor, rest);
    }
  }
  return new Map([...found].filter(([, elements]) => elements.length > 0));
}

/** What is allowed, if numbers beyond the range may be anything. */
export const withoutRange = (allowed: Allowed, beyond: Beyond | undefined): Allowed =>
  beyond === undefined || beyond.size === 0
    ? allowed
    : {
        ...allowed,
        beyond,
        tensors: Object.fromEntries(
          Object.entries(allowed.tensors).map(([tensor, own]) => {
            const bounds = own.bounds.slice();
            for (const i of beyond.get(tensor) ?? []) bounds[i] = Number.POSITIVE_INFINITY;
            return [tensor, { ...own, bounds }];
          }),
        ),
      };
