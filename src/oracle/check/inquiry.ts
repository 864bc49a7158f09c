/** @file Asks a backend about one operator in one mode and type, and judges its answers. */

import type { Profile } from '../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../io/safetensors.ts';
import type { Answer, Backend, Dtype, Failure, Offer, Question } from '../backends/backend.ts';
import { askedBatch, counted, sentCase } from '../batches/asked.ts';
import { domainIn } from '../batches/batched.ts';
import type { Case, Layout } from '../case.ts';
import type { Domain } from '../domain/domain.ts';
import { isInside } from '../domain/inside.ts';
import type { Operator } from '../operator.ts';
import { matches } from '../signature.ts';
import { tapsOf } from '../taps.ts';
import { sentenceOf } from './diagnosis/where.ts';
import { type Compiling, followCompiling } from './questions/compiling.ts';
import { onGrid } from './questions/on-grid.ts';
import type { Timing } from './row.ts';
import { apart } from './taps/judged-taps.ts';
import { type Allowed, allowedFor, type Computed, profilesOf } from './verdict/allowed.ts';
import { isRightAnswer, type Judgement, judged } from './verdict/judged.ts';
import { type FormUse, tightest } from './verdict/verdict.ts';

/** The tensors of an answer, by name. */
export type Answered = ReadonlyMap<string, StoredTensor>;

/** An answer with numbers, the allowed answer, and the judgement. */
export interface JudgedAnswer {
  readonly answered: Answered;
  readonly allowed: Allowed;
  readonly judgement: Judgement;
  /** The forms that explain tensors which the mode's own formula does not explain. */
  readonly forms: readonly FormUse[];
  /** The tensors that are not judged, and wrong. */
  readonly unjudged: readonly string[];
  /** The intermediates that came with it, by name. They decide nothing. */
  readonly taps: Answered;
}

/** A wrong answer. */
export interface WrongAnswer {
  /** The kind of the failure and its tensor. Shrinking keeps both. */
  readonly kind: string;
  readonly message: string;
  /** The last lines that the backend wrote to standard error, if it broke. */
  readonly stderr: Failure['stderr'];
  /** The judged answer; null if there were no numbers. */
  readonly judged: JudgedAnswer | null;
}

/** A wrong answer without the means to judge it anew, which fill much memory. */
export function withoutMeans(wrong: WrongAnswer): WrongAnswer {
  if (wrong.judged === null) return wrong;
  const { dtype, profile, isFirstOrder, tensors, standIn } = wrong.judged.allowed;
  const gone = (): never => {
    throw new Error('this answer was judged before');
  };
  const allowed: Allowed = {
    dtype,
    profile,
    isFirstOrder,
    tensors,
    ...(standIn !== undefined && { standIn }),
    firstOrder: gone,
    usualErrors: gone,
  };
  return { ...wrong, judged: { ...wrong.judged, allowed } };
}

/** Whether a failure of this kind is part of a wrong answer. */
export const isOf = ({ kind: own, judged }: WrongAnswer, kind: string): boolean =>
  own === kind || (judged?.judgement.mismatches.some(({ kind: one, tensor }) => `${one} ${tensor}` === kind) ?? false);

/** A wrong answer as a failure of one of its kinds: the message is about that kind. */
export function asKind(operator: Operator, wrong: WrongAnswer, kind: string): WrongAnswer {
  const own = wrong.judged?.judgement.mismatches.find(({ kind: one, tensor }) => `${one} ${tensor}` === kind);
  if (own === undefined || wrong.judged === null) return { ...wrong, kind };
  const shape = wrong.judged.allowed.tensors[own.tensor]?.shape ?? [];
  return { ...wrong, kind, message: sentenceOf(operator, own, shape) };
}

/** The outcome of one question. */
export type Outcome =
  | { readonly is: 'right'; readonly judged: JudgedAnswer }
  | { readonly is: 'unsupported'; readonly reason: string }
  | { readonly is: 'wrong'; readonly wrong: WrongAnswer }
  /** The time for all questions was over before the answer came, or before its judgement was done. */
  | { readonly is: 'cut' }
  /** It was not asked: compiling its shape would take longer than is left for that. */
  | { readonly is: 'left out' };

/** Asks a backend about one operator, mode and type, and measures the time. */
export interface Inquiry {
  readonly operator: Operator;
  readonly mode: string;
  readonly dtype: Dtype;
  /** What part of the operator the backend computes, if it says so. */
  readonly domain: Domain | undefined;
  /** Whether a tensor of answers is not judged: a gradient that is not offered, or one of which any failure is accepted. */
  readonly unjudged: (tensor: string) => boolean;
  /** How the backend says that it computes: by which form, and with atomic additions to which tensors. */
  readonly declared: Required<Pick<Computed, 'form' | 'atomic'>>;
  /**
   * Asks one question and judges the answer. Numbers that its type lacks, as half of the smallest one, are rounded. A case outside the backend's domain is unsupported, and not asked. A hasty judgement may
   * call an answer wrong that a form explains, if it is far beyond its bounds.
   */
  ask(c: Case, isHasty?: boolean): Promise<Outcome>;
  /** Asks a question and ignores the answer. */
  prompt(c: Case): Promise<void>;
  /** Lets the next question start a new process. Returns false if questions share none. */
  renew(): Promise<boolean>;
  /** The first cases that got right answers. No known fault may contradict them. */
  rightCases(): readonly Case[];
  /** The tightest profile that explains all right answers so far. */
  profile(): Profile;
  /** The profiles that may explain answers, from fine to coarse. */
  readonly profiles: readonly Profile[];
  /**
   * Asks again, once or up to some `times`, until an answer differs from `before` in any bit. Judges that answer; the outcome is null if all
   * are the same. A backend may repeat fewer times than it was asked to.
   */
  again(
    c: Case,
    before: JudgedAnswer,
    times?: number,
  ): Promise<{ readonly times: number; readonly outcome: Outcome | null }>;
  /** Whether wrong answers to one question differ only in tensors to which workers add in any order, as the backend declares. */
  differsAsDeclared(one: WrongAnswer, other: WrongAnswer): boolean;
  /** The number of shapes that the backend has compiled, and of those that there was no time for. */
  shapes(): ReturnType<Compiling['shapes']>;
  /** Returns the times so far, in milliseconds. */
  timing(): Omit<Timing, 'draw'>;
}

/** The number of right cases to keep. */
const mostRightCases = 8;

/** Whether a backend offers the gradient of an input. */
const offersGradient = ({ gradients }: Offer, input: string): boolean =>
  typeof gradients === 'boolean' ? gradients : gradients.some((pattern) => matches(pattern, input));

/** The inputs of a case whose gradients an offer of some gradients leaves out. */
export const gradientsLeftOut = (offer: Offer, { inputs }: Case): string[] =>
  Object.keys(inputs).filter((name) => inputs[name]!.kind !== 'index' && !offersGradient(offer, name));

/** What may be wrong, and how long new shapes are compiled. */
export interface InquiryOptions {
  /** Tensors that may be wrong in any way, by their names or patterns. */
  readonly unjudgedTensors?: readonly string[];
  /** The time by which compilations should be done, as `performance.now()` has it. */
  readonly compileUntil?: number | undefined;
  /** The time from which a judgement is cut, before it tries another form or profile. */
  readonly until?: number | undefined;
  /** The layouts in the order in which a backend is asked that compiles for each. */
  readonly order?: readonly Layout[];
}

/** Returns the functions that ask a backend about one operator, mode and type. */
export function inquire(
  backend: Backend,
  operator: Operator,
  mode: string,
  dtype: Dtype,
  { unjudgedTensors = [], compileUntil = Number.POSITIVE_INFINITY, until, order = [] }: InquiryOptions = {},
): Inquiry {
  const compiling = followCompiling(backend.compiles, compileUntil, order);
  const offer = backend.description.operators[operator.name]!;
  const { precision, form, atomic = {} } = offer;
  const domain = domainIn(operator, offer.domain);
  const gradients = offer.gradients !== false;
  const mayBeWrong = (tensor: string): boolean => unjudgedTensors.some((pattern) => matches(pattern, tensor));
  const notOffered = (tensor: string): boolean =>
    tensor.startsWith('grad/') && !offersGradient(offer, tensor.slice('grad/'.length));
  const unjudged = (tensor: string): boolean => mayBeWrong(tensor) || notOffered(tensor);
  const profile = precision?.[dtype];
  const profiles: readonly Profile[] = profile === undefined ? profilesOf[dtype] : [profile];
  let at = 0;
  const question = (c: Case): Question => ({
    ...{ operator: operator.name, mode, dtype, gradients },
    c: sentCase(operator, c),
    batch: askedBatch(operator, c),
    taps: Object.fromEntries(Object.entries(tapsOf(operator, mode, c)).map(([name, { shape }]) => [name, shape])),
  });
  const asked = (c: Case) => ({ mode, dtype, gradients, c, atomic, unjudged });
  const rightCases: Case[] = [];
  const spent = { reference: 0, compiling: 0, backend: 0, compare: 0 };
  const clock = <T>(part: keyof typeof spent, f: () => T): T => {
    const start = performance.now();
    try {
      return f();
    } finally {
      spent[part] += performance.now() - start;
    }
  };
  /** Sends a question. Returns a function that waits for the answer. */
  const send = (c: Case): (() => Promise<Answer>) => {
    const asked = question(c);
    const isNew = compiling.isNew(asked);
    const sent = performance.now();
    const pending = backend.answer(asked);
    // if the reference cannot be computed either, nobody waits for it
    pending.catch(() => undefined);
    return async () => {
      const start = performance.now();
      const answer = await pending;
      const end = performance.now();
      if (isNew) {
        compiling.note(asked, end - sent);
        spent.compiling += end - sent;
      } else spent.backend += end - start;
      return answer;
    };
  };
  const judgedIn = (c: Case, all: Answered): Answered => {
    const answered = counted(operator, c, apart(all).results);
    return unjudgedTensors.length === 0 ? answered : new Map([...answered].filter(([name]) => !mayBeWrong(name)));
  };
  const wrongAmong = (c: Case, answered: Answered): string[] => {
    if (unjudgedTensors.length === 0) return [];
    const all = { ...asked(c), form: form?.[mode], unjudged: notOffered };
    const { judgement } = clock('compare', () =>
      tightest(operator, all, counted(operator, c, apart(answered).results), profiles, at),
    );
    return judgement.mismatches.map(({ tensor }) => tensor).filter(mayBeWrong);
  };
  const outcomeOf = (c: Case, answer: Answer, mine?: Allowed, isHasty = false): Outcome => {
    if (answer.kind === 'unsupported') return { is: 'unsupported', reason: answer.reason };
    if (answer.kind === 'failure') {
      const { kind, message, stderr } = answer.failure;
      // it says nothing about the backend
      if (kind === 'out-of-time') return { is: 'cut' };
      return { is: 'wrong', wrong: { kind, message, stderr, judged: null } };
    }
    const answered = judgedIn(c, answer.tensors);
    const inForm = { ...asked(c), form: form?.[mode], isHasty, until };
    const verdict = clock('compare', () => tightest(operator, inForm, answered, profiles, at, mine));
    if (verdict.isCut) return { is: 'cut' };
    const { allowed, judgement, forms } = verdict;
    at = verdict.at;
    const own = {
      answered,
      allowed,
      judgement,
      forms,
      unjudged: wrongAmong(c, answer.tensors),
      taps: apart(answer.tensors).taps,
    };
    if (isRightAnswer(judgement)) {
      if (rightCases.length < mostRightCases) rightCases.push(c);
      return { is: 'right', judged: own };
    }
    const [first] = judgement.mismatches;
    const { kind, tensor } = first!;
    const message = sentenceOf(operator, first!, allowed.tensors[tensor]?.shape ?? []);
    return { is: 'wrong', wrong: { kind: `${kind} ${tensor}`, message, stderr: [], judged: own } };
  };
  /** The outcome of an answer to a question asked again; null if it is the same as before. */
  const secondOutcomeOf = (c: Case, answer: Answer, before: JudgedAnswer): Outcome | null => {
    if (answer.kind !== 'numbers') return outcomeOf(c, answer);
    const answered = judgedIn(c, answer.tensors);
    if (sameBits(before.answered, answered)) return null;
    // cheaper than a judgement that looks for another profile or form
    const judgement = clock('compare', () => judged(before.allowed, answered, c.seed));
    return isRightAnswer(judgement)
      ? { is: 'right', judged: { ...before, answered, judgement } }
      : outcomeOf(c, answer);
  };
  return {
    operator,
    mode,
    dtype,
    domain,
    unjudged,
    declared: { form: form?.[mode], atomic },
    async ask(given, isHasty) {
      const c = onGrid(given, dtype);
      if (domain !== undefined && !isInside(operator, c, domain))
        return { is: 'unsupported', reason: 'outside its domain' };
      if (!compiling.affords(question(c))) return { is: 'left out' };
      // the backend works while the reference is computed
      const answer = send(c);
      const mine = clock('reference', () => allowedFor(operator, { ...asked(c), profile: profiles[at]! }));
      return outcomeOf(c, await answer(), mine, isHasty);
    },
    async renew() {
      await backend.renew?.();
      return backend.renew !== undefined;
    },
    async prompt(given) {
      const c = onGrid(given, dtype);
      const isAsked = (domain === undefined || isInside(operator, c, domain)) && compiling.affords(question(c));
      if (isAsked) await send(c)();
    },
    async again(c, before, most = 1) {
      const start = performance.now();
      const repeated = (await backend.again?.(question(c), most)) ?? null;
      if (repeated !== null) spent.backend += performance.now() - start;
      const { times, answer } = repeated ?? { times: 1, answer: await send(c)() };
      const outcome = answer === null ? null : secondOutcomeOf(c, answer, before);
      return { times, outcome };
    },
    differsAsDeclared({ judged: one }, { judged: other }) {
      if (one === null || other === null) return false;
      const rest = ({ answered }: JudgedAnswer): Answered =>
        new Map([...answered].filter(([name]) => atomic[name] === undefined));
      return sameBits(rest(one), rest(other));
    },
    rightCases: () => rightCases,
    profile: () => profiles[at]!,
    profiles,
    shapes: () => compiling.shapes(),
    timing: () => ({ ...spent }),
  };
}

const sameBits = (a: Answered, b: Answered): boolean =>
  a.size === b.size &&
  [...a].every(([name, { data }]) => {
    const other = b.get(name)?.data;
    return other?.length === data.length && data.every((x, i) => Object.is(x, other[i]));
  });
