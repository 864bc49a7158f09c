/** @file Asks the long questions that a failing row put off, and reports a failure that shows only there. */
import { longestIn } from '../axes.ts';
import type { Case } from '../case.ts';
import { meets } from '../domain/domain.ts';
import { deviationsOf } from './causes/deviation.ts';
import type { Failing } from './diagnosis/contrast/contrast.ts';
import { explain, placesOf } from './diagnosis/explain.ts';
import { resized } from './diagnosis/resized.ts';
import { findingNumbers, fitsOf } from './failing-numbers.ts';
import { asKind, type Inquiry, type WrongAnswer } from './inquiry.ts';
import type { InTurn } from './questions/in-turn.ts';
import { questionCase } from './questions/question.ts';
import type { Finding } from './row.ts';

/** The most long questions to ask, and the time for all of it in milliseconds. */
const limits = { questions: 4, milliseconds: 10_000 };
/** With how many other numbers a failure is looked for at the same length. */
const others = [1, 2, 3];

/** The kinds of failure in a wrong answer. */
const kindsIn = ({ kind, judged }: WrongAnswer): readonly string[] =>
  judged?.judgement.mismatches.map((one) => `${one.kind} ${one.tensor}`) ?? [kind];

/** A case with the chunks of another one. */
const withChunksOf = ({ settings: { chunkSize } }: Case, c: Case): Case =>
  chunkSize === undefined ? c : { ...c, settings: { ...c.settings, chunkSize } };

/**
 * Asks long questions, and looks for a failure that `first`, a shorter case that fails, does not explain: at first's length it does not
 * show, and from some token on it does, with other numbers too. Returns null if there is none.
 */
export async function onlyIfLong(
  inquiry: Inquiry,
  first: Case,
  questions: readonly InTurn[],
  end = Number.POSITIVE_INFINITY,
): Promise<Finding | null> {
  const { operator, dtype, domain } = inquiry;
  const until = Math.min(end, performance.now() + limits.milliseconds);
  const { t } = domain?.axes ?? {};
  const isLength = (tokens: number): boolean => t === undefined || typeof t === 'string' || meets(t, tokens);
  /** What is wrong in a case cut to some tokens; null if it cannot be asked. */
  const wrongAt = async (c: Case, tokens: number, isHasty = true): Promise<Failing | 'right' | null> => {
    const cut = tokens === longestIn(operator, c) ? c : resized(operator, c, 't', tokens);
    if (cut === null || performance.now() > until) return null;
    const outcome = await inquiry.ask(cut, isHasty);
    return outcome.is === 'right' ? 'right' : outcome.is === 'wrong' ? { c: cut, wrong: outcome.wrong } : null;
  };
  /** The first of some kinds that a case shows: null if none, undefined if it cannot be asked. */
  const kindAt = async (c: Case, tokens: number, kinds: readonly string[]): Promise<string | null | undefined> => {
    const found = await wrongAt(c, tokens);
    if (found === null) return undefined;
    return found === 'right' ? null : (kindsIn(found.wrong).find((kind) => kinds.includes(kind)) ?? null);
  };
  const shortestOf = async ({ draw }: InTurn): Promise<Failing | null> => {
    const c = questionCase(operator, dtype, draw);
    const [least, most] = [longestIn(operator, first), longestIn(operator, c)];
    if (least >= most) return null;
    const [long, short] = [await wrongAt(c, most), await wrongAt(c, least)];
    if (long === null || long === 'right' || short === null) return null;
    // in long chunks a failure at their boundaries shows late
    const inItsChunks = await wrongAt(withChunksOf(first, c), least);
    const known = [short, inItsChunks].flatMap((one) => (one === null || one === 'right' ? [] : kindsIn(one.wrong)));
    // wrong outputs make gradients wrong later
    const isOutput = (kind: string): boolean => kind.includes(' out/');
    const kinds = kindsIn(long.wrong).filter(
      (kind) => !known.includes(kind) && (isOutput(kind) || !known.some(isOutput)),
    );
    if (kinds.length === 0) return null;
    const tokens = Array.from({ length: most - least + 1 }, (_, i) => least + i).filter(isLength);
    let [right, wrong] = [0, tokens.length - 1];
    while (wrong - right > 1) {
      const middle = Math.floor((right + wrong) / 2);
      const kind = await kindAt(c, tokens[middle]!, kinds);
      if (kind === undefined) return null;
      if (kind === null) right = middle;
      else wrong = middle;
    }
    const [before, from] = [tokens[right]!, tokens[wrong]!];
    for (const more of others) {
      const other = questionCase(operator, dtype, { ...draw, seed: draw.seed + more });
      // a failure that numbers cause begins anywhere
      if ((await kindAt(other, before, kinds)) !== null) return null;
      if (!(await kindAt(other, from, kinds))) continue;
      const found = await wrongAt(c, from, false);
      const kind =
        found === null || found === 'right' ? undefined : kindsIn(found.wrong).find((one) => kinds.includes(one));
      if (found === null || found === 'right' || kind === undefined) return null;
      return { ...found, wrong: asKind(operator, found.wrong, kind) };
    }
    return null;
  };
  for (const question of questions.slice(0, limits.questions)) {
    const found = await shortestOf(question);
    if (found === null) continue;
    const { contrasts, hints } = await explain(inquiry, [found], found, until);
    const { kind, message, stderr, judged } = found.wrong;
    const { replay } = question;
    const deviations = judged === null ? [] : deviationsOf(judged);
    const places = placesOf(inquiry, found);
    const numbers = findingNumbers(operator, found, []);
    const fits = fitsOf(inquiry, found);
    return { kind, message, contrasts, hints, places, deviations, fits, numbers, smallest: found.c, replay, stderr };
  }
  return null;
}
