/** @file Finds the tightest profile and the forms that explain an answer. */
import { leastExactOf, type Profile } from '../../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../../io/safetensors.ts';
import { hasStates, isModel } from '../../axes.ts';
import type { Question } from '../../backends/backend.ts';
import type { Form, Operator } from '../../operator.ts';
import { type Allowed, type AllowedTensor, allowedFor, type Computed, inTypesOf } from './allowed.ts';
import { isRightAnswer, type Judgement, judged } from './judged.ts';
import { formsFor, isLarge, isLong } from './large.ts';
import { ratioOf } from './place.ts';
import { type Beyond, beyondRange, withoutRange } from './range.ts';

/** A form that explains a tensor of an answer that the mode's own formula does not explain. */
export interface FormUse {
  readonly tensor: string;
  readonly form: string;
  readonly says: string;
  /** The largest |error| / bound of the mode's own formula: how many times less exact the answer is than that allows. */
  readonly factor: number;
}

/** The judgement of an answer at a profile, with the forms that explain its tensors. */
export interface Verdict {
  readonly allowed: Allowed;
  readonly judgement: Judgement;
  readonly forms: readonly FormUse[];
  /** Whether time ended before all that may explain a wrong answer was tried: it says nothing then. */
  readonly isCut?: true;
}

/** A question, and what its answer may be: an implementation's formats, and its form if it is held to one. */
export interface Asked extends Omit<Question, 'operator'>, Computed {
  readonly profile: Profile;
  /** Whether an answer whose wrong tensors are all far beyond their bounds is wrong before forms and other profiles are tried. */
  readonly isHasty?: boolean;
  /** Numbers of the answer that are beyond the range of the type. */
  readonly beyond?: Beyond | undefined;
  /** The time, as `performance.now()` has it, from which no more forms and profiles are tried. */
  readonly until?: number | undefined;
}

const isOver = ({ until = Number.POSITIVE_INFINITY }: Pick<Asked, 'until'>): boolean => performance.now() > until;

type Answered = ReadonlyMap<string, StoredTensor>;

/**
 * Judges an answer at a profile. `unexplained` names wrong tensors that no form explains, if that is known. A tensor is right if each of its numbers is within the bound of the mode's formula or of one form.
 * With a declared form, only that form counts.
 */
export function verdictAt(
  operator: Operator,
  asked: Asked,
  answered: Answered,
  inAnyTypes: Allowed = allowedFor(operator, { ...asked, form: undefined }),
  unexplained: (verdict: Verdict) => ReadonlySet<string> = () => new Set(),
): Verdict {
  const { mode, form: declared, c } = asked;
  const mine = withoutRange(inTypesOf(inAnyTypes, answered), asked.beyond);
  const listed = formsFor(operator, mode, c);
  const only = listed.find(([name]) => name === declared);
  if (only !== undefined) {
    const allowed = withoutRange(alternative(operator, asked, limitOf(only[1]), mine, answered, true), asked.beyond);
    return { allowed, judgement: judged(allowed, answered, c.seed), forms: [] };
  }
  const first = judged(mine, answered, c.seed);
  let verdict: Verdict = { allowed: mine, judgement: first, forms: [] };
  const inHaste = asked.isHasty === true;
  const isHopeless =
    ((inHaste || isLong(operator, c)) && hasFineSums(asked.profile) && isFarOff(verdict, answered)) ||
    (inHaste && isFarBeyond(first));
  for (const { form, says, limit, computed } of alternativesTo(operator, asked)) {
    if (isHopeless || !isOfNumbers(verdict.judgement)) return verdict;
    if (isOver(asked)) return { ...verdict, isCut: true };
    const never = unexplained(verdict);
    if (verdict.judgement.mismatches.every(({ tensor }) => never.has(tensor))) return verdict;
    const allowed = alternative(operator, computed(asked), limit, verdict.allowed, answered);
    const judgement = judged(allowed, answered, c.seed);
    const left = new Set(judgement.mismatches.map(({ tensor }) => tensor));
    const solved = verdict.judgement.mismatches.map(({ tensor }) => tensor).filter((tensor) => !left.has(tensor));
    if (solved.length === 0) continue;
    // a weighted sum of many numbers may reject a tensor only after another one is explained
    const factor = (tensor: string): number => factorOf(first, tensor) ?? factorOf(verdict.judgement, tensor) ?? 0;
    const uses = solved.map((tensor): FormUse => ({ tensor, form, says, factor: factor(tensor) }));
    verdict = keeping(verdict, allowed, solved, uses, answered, c.seed);
  }
  return verdict;
}

/** An error is far off from this share of the tensor's largest number on. */
const farOff = 1 / 4;

/** Whether some number is so far off that neither another formula nor coarser functions explain it. To try these in long cases takes minutes. */
const isFarOff = ({ allowed, judgement }: Verdict, answered: Answered): boolean =>
  judgement.mismatches.some(({ tensor, wrong }) => {
    const own = allowed.tensors[tensor];
    const have = answered.get(tensor)?.data;
    if (own === undefined || have === undefined) return false;
    const limit = farOff * sizeOf(own.expected);
    return wrong.some((i) => !(Math.abs(have[i]! - own.expected[i]!) <= limit));
  });

/** Whether long sums keep digits: those of formats as coarse as bfloat16 may stop to grow. */
const hasFineSums = ({ at }: Profile): boolean => Math.max(at.sum.u, at.elementwise.u, at.state.u) <= 2 ** -23;

/** The largest of the finite numbers. */
export const sizeOf = (numbers: Float64Array): number =>
  numbers.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

/** Forms seldom explain errors of so many times the bound. */
const far = 2 ** 12;

const isFarBeyond = ({ mismatches }: Judgement): boolean =>
  mismatches.every(({ worst }) => worst !== null && worst.ratio >= far);

/** Whether an answer is wrong, but only by its numbers. */
const isOfNumbers = ({ mismatches }: Judgement): boolean =>
  mismatches.length > 0 && mismatches.every(({ worst }) => worst !== null);

const factorOf = ({ mismatches }: Judgement, tensor: string): number | undefined =>
  mismatches.find((one) => one.tensor === tensor)?.worst?.ratio;

/** A verdict in which some tensors are judged by a form, the others as before. */
function keeping(
  { allowed, forms }: Verdict,
  byForm: Allowed,
  tensors: readonly string[],
  uses: readonly FormUse[],
  answered: Answered,
  seed: number,
): Verdict {
  const mixed: Allowed = {
    ...allowed,
    tensors: Object.fromEntries(
      Object.entries(allowed.tensors).map(([name, own]) => [
        name,
        tensors.includes(name) ? byForm.tensors[name]! : own,
      ]),
    ),
  };
  return { allowed: mixed, judgement: judged(mixed, answered, seed), forms: [...forms, ...uses] };
}

/** The forms that explain a wrong answer, if they were no fault where they lose their digits. */
export const faultyForms = (operator: Operator, asked: Asked, answered: Answered): Form[] =>
  formsFor(operator, asked.mode, asked.c)
    .filter(([, { isFaultThere }]) => isFaultThere === true)
    .filter(([name]) => {
      const mine = inTypesOf(allowedFor(operator, { ...asked, form: undefined }), answered);
      const allowed = alternative(operator, { ...asked, form: name }, null, mine, answered);
      return isRightAnswer(judged(allowed, answered, asked.c.seed));
    })
    .map(([, form]) => form);

/** The largest bound by which a formula explains a number: a share of the number, or of the tensor's largest one if that is more. */
export interface Limit {
  readonly ofNumber: number;
  readonly ofLargest: number;
}

/** Whether a bound on a number is within a limit, in a tensor whose largest number is of that size. */
export const isWithin = (limit: Limit | null, bound: number, want: number, size: number): boolean =>
  limit === null || bound <= Math.max(limit.ofNumber * Math.abs(want), limit.ofLargest * size);

/** Where a form is a fault, it explains no number of which it has no digits. */
const withDigits: Limit = { ofNumber: 1 / 4, ofLargest: 1 / 16 };
/** An order of computing is no fault, but a bound beyond the number itself says nothing. */
const withSign: Limit = { ofNumber: 1, ofLargest: 1 / 4 };

const limitOf = ({ isFaultThere }: Form): Limit | null => (isFaultThere === true ? withDigits : null);

/** A formula that may explain an answer: what it is, up to which bound, and the question that it answers. */
export interface Alternative {
  readonly form: string;
  readonly says: string;
  readonly limit: Limit | null;
  readonly computed: (asked: Asked) => Asked;
}

const asForm = ([form, own]: readonly [string, Form]): Alternative => ({
  form,
  says: own.says,
  limit: limitOf(own),
  computed: (asked) => ({ ...asked, form }),
});

/** Chunk sizes that kernels have, whichever chunk is asked. */
const kernelChunks = [16, 64];

/**
 * More formulas for profiles whose matrix products round their operands. There the order of computing decides what is rounded, so one
 * bound does not cover all of them: other modes, chunks of other lengths, and operands that are scaled before a product, or
 * multiplied term by term. Where there are states, the reference mode goes token by token, without matrix products.
 */
function atCoarseProducts(operator: Operator, { mode, profile, c }: Asked): Alternative[] {
  const { settings } = c;
  const isTokenByToken = mode === operator.reference && hasStates(operator);
  // the running bounds of whole models are too loose to accept anything by them
  if (profile.at.product.u <= profile.at.sum.u || isTokenByToken || isModel(operator)) return [];
  const others = Object.keys(operator.modes).filter(
    (name) =>
      name !== mode && !isLarge(operator, c) && operator.modesAgree(settings) && operator.admits(settings, name),
  );
  const chunks = typeof settings.chunkSize === 'number' && 'chunkwise' in operator.modes ? kernelChunks : [];
  const computed = (by: string, says: string, change: Partial<Asked>): Alternative => ({
    form: says,
    says,
    limit: withSign,
    computed: (asked) => ({ ...asked, form: undefined, mode: by, ...change }),
  });
  return [profile, { ...profile, scalesOperands: true }].flatMap((one) => {
    const scaled = one.scalesOperands ? ', operands scaled or in parts before products' : '';
    return [
      ...(one.scalesOperands ? [computed(mode, `the mode ${mode}${scaled}`, { profile: one })] : []),
      ...others.map((name) => computed(name, `the mode ${name}${scaled}`, { profile: one })),
      ...chunks.map((chunkSize) =>
        computed('chunkwise', `chunks of ${chunkSize}${scaled}`, {
          profile: one,
          c: { ...c, settings: { ...settings, chunkSize } },
        }),
      ),
    ];
  });
}

/** All formulas that may explain an answer, beside that of its mode, the tightest first. */
export const alternativesTo = (operator: Operator, asked: Asked): Alternative[] => [
  ...formsFor(operator, asked.mode, asked.c).map(asForm),
  ...atCoarseProducts(operator, asked),
];

/** What a form allows. Where it says nothing or too little, what `mine` allows; and where that explains a number better. */
function alternative(
  operator: Operator,
  asked: Asked,
  limit: Limit | null,
  mine: Allowed,
  answered: Answered,
  isDeclared = false,
): Allowed {
  const its = inTypesOf(allowedFor(operator, asked), answered);
  const tensors = Object.entries(mine.tensors).map(([tensor, own]): [string, AllowedTensor] => {
    const have = answered.get(tensor)?.data;
    if (have?.length !== own.expected.length) return [tensor, own];
    return [tensor, closer(own, its.tensors[tensor]!, have, limit, isDeclared)];
  });
  return { ...mine, tensors: Object.fromEntries(tensors) };
}

function closer(
  own: AllowedTensor,
  its: AllowedTensor,
  answered: Float64Array,
  limit: Limit | null,
  isDeclared: boolean,
): AllowedTensor {
  const [expected, bounds] = [own.expected.slice(), own.bounds.slice()];
  const size = sizeOf(own.expected);
  answered.forEach((x, i) => {
    const [want, bound] = [its.expected[i]!, its.bounds[i]!];
    if (!Number.isFinite(want) || !Number.isFinite(bound)) return;
    // it may be anything, NaN too
    if (!isDeclared && own.bounds[i] === Number.POSITIVE_INFINITY) return;
    if (!isWithin(limit, bound, want, size)) return;
    if (!isDeclared && ratioOf(x, own.expected[i]!, own.bounds[i]!) <= 1) return;
    [expected[i], bounds[i]] = [want, bound];
  });
  return { ...own, expected, bounds, byForm: true };
}

/** The formulas in one of which an implementation may overflow: of the mode, of the orders of computing, and of forms that are no fault. */
function formulasAt(operator: Operator, asked: Asked): Asked[] {
  if (asked.form !== undefined) return [asked];
  const forms = formsFor(operator, asked.mode, asked.c).filter(([, { isFaultThere }]) => isFaultThere !== true);
  const all = [...forms.map(asForm), ...atCoarseProducts(operator, asked)].map(({ computed }) => computed(asked));
  return [asked, ...all.filter(({ profile }) => profile === asked.profile)];
}

/**
 * Judges an answer at the first of some profiles that explains it, from `at` on. If none does, a finer one may: a form explains nothing
 * where its bounds at a coarse profile are infinite. Otherwise the verdict is that of the profile `at`.
 * `mine` is what the mode's formula allows at `at`, if it is known already.
 */
export function tightest(
  operator: Operator,
  given: Omit<Asked, 'profile'>,
  answered: Answered,
  profiles: readonly Profile[],
  at: number,
  mine?: Allowed,
): Verdict & { readonly at: number } {
  const beyond = beyondRange(operator, () => formulasAt(operator, { ...given, profile: profiles.at(-1)! }), answered);
  const asked = { ...given, beyond };
  const unexplained = onceKnown(operator, asked, answered, profiles);
  const verdict = verdictAt(operator, { ...asked, profile: profiles[at]! }, answered, mine, unexplained);
  const isSettled = !isOfNumbers(verdict.judgement) || (asked.isHasty === true && isFarBeyond(verdict.judgement));
  if (verdict.isCut || isSettled) return { ...verdict, at };
  const isHopeless = (isLong(operator, asked.c) || asked.isHasty === true) && isFarOff(verdict, answered);
  const [finer, coarser] = [profiles.slice(0, at), profiles.slice(at + 1)];
  for (const profile of [...coarser, ...finer]) {
    if (isHopeless && hasFineSums(profile)) continue;
    if (isOver(asked)) return { ...verdict, at, isCut: true };
    const never = unexplained(verdict);
    if (verdict.judgement.mismatches.some(({ tensor }) => never.has(tensor))) break;
    const other = verdictAt(operator, { ...asked, profile }, answered, undefined, unexplained);
    // what is right at a finer profile is so at this one
    if (other.isCut) return { ...verdict, at, isCut: true };
    if (isRightAnswer(other.judgement)) return { ...other, at: Math.max(at, profiles.indexOf(profile)) };
  }
  return { ...verdict, at };
}

/** Finds once, of the tensors that are wrong then, those that nothing explains. With one profile there is nothing to save. */
function onceKnown(
  operator: Operator,
  asked: Omit<Asked, 'profile'>,
  answered: Answered,
  [first, ...others]: readonly Profile[],
): (verdict: Verdict) => ReadonlySet<string> {
  const profile = others.length === 0 || asked.form !== undefined ? null : leastExactOf([first!, ...others]);
  let known: ReadonlySet<string> | null = profile === null ? new Set() : null;
  return (verdict) => {
    known ??= explainedByNothing(operator, { ...asked, profile: profile! }, answered, verdict);
    return known;
  };
}

/**
 * The wrong tensors with numbers that are beyond the bounds of every formula even with the least exact functions, where bounds are largest. This
 * takes one run of each formula, in place of one at each profile.
 */
function explainedByNothing(
  operator: Operator,
  asked: Asked,
  answered: Answered,
  { judgement }: Verdict,
): ReadonlySet<string> {
  const mine = withoutRange(inTypesOf(allowedFor(operator, asked), answered), asked.beyond).tensors;
  const left = new Set(judgement.mismatches.map(({ tensor }) => tensor));
  const isExplained = (tensor: string, its: Allowed['tensors']): boolean =>
    answered.get(tensor)!.data.every((x, i) => mayBe(x, mine[tensor]!, i) || mayBe(x, its[tensor]!, i));
  const formulas = alternativesTo(operator, asked);
  for (const its of [
    () => mine,
    ...formulas.map(
      ({ computed }) =>
        () =>
          inTypesOf(allowedFor(operator, computed(asked)), answered).tensors,
    ),
  ]) {
    if (left.size === 0) break;
    if (isOver(asked)) return new Set();
    const tensors = its();
    for (const tensor of left) if (isExplained(tensor, tensors)) left.delete(tensor);
  }
  return left;
}

/** Whether an answer's number is within a bound, or there is none. */
const mayBe = (x: number, { expected, bounds }: AllowedTensor, i: number): boolean =>
  !Number.isFinite(bounds[i]!) || Number.isNaN(expected[i]!) || ratioOf(x, expected[i]!, bounds[i]!) <= 1;
