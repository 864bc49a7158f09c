/** @file Checks one operator in one mode and type: draws questions and judges answers until the first wrong one. */
import type { Backend, Dtype, Offer } from '../backends/backend.ts';
import { domainIn } from '../batches/batched.ts';
import type { Case } from '../case.ts';
import { askedWords } from '../domain/domain.ts';
import type { Draw } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { type Lengths, lengthsIn, matches } from '../signature.ts';
import { isUnjudged } from './acceptance.ts';
import type { Acceptance, Accepted } from './acceptance-data.ts';
import { type Recorder, recorder } from './causes/record.ts';
import { findingsOf, isToldBy } from './findings.ts';
import {
  gradientsLeftOut,
  type Inquiry,
  inquire,
  isOf,
  type Outcome,
  type WrongAnswer,
  withoutMeans,
} from './inquiry.ts';
import { notesOf } from './notes.ts';
import { onlyIfLong } from './put-off.ts';
import { drawnAt, drawsInTurn, type InTurn, isLong, type Questions } from './questions/in-turn.ts';
import { compiledLayouts, drawBefore, type QuestionSize, questionCase, questionDraws } from './questions/question.ts';
import { type Repeats, repeater } from './questions/repeats.ts';
import type { CheckRow, Finding, Replay, Status } from './row.ts';
import { type FirstWrong, unsteady } from './smallest/smallest.ts';
import { isOld, type Kept, type Revisit, stale } from './stale.ts';
import { type SeenTaps, seenTaps } from './taps/seen.ts';
import { bothRatios, medianOf, noRatios, type Ratios } from './verdict/ratios.ts';
import type { FormUse } from './verdict/verdict.ts';

/** The number of questions, the longest sequence, and the seed. */
export interface CheckSize extends QuestionSize {
  readonly seed: number;
  /** The fast-check path of a failure. If given, only its question is asked. */
  readonly path?: string;
  /** The time at which questions end, as `performance.now()` has it. A row without all its cases by then is UNCHECKED. */
  readonly until?: number;
  /** The time by which compilations of the row should be done. */
  readonly compileUntil?: number;
  /** How often each question is asked; by default some are asked again. */
  readonly repeat?: number;
  /** Whether a row goes on past its first failures to all its cases, and groups the failing ones by cause. */
  readonly keepGoing?: boolean;
  /** Failures that the caller accepts: a row that has some goes on too, as others may follow. Tensors of which any is accepted are not judged. */
  readonly accepted?: readonly Acceptance[];
  /** Takes what is needed to ask the row again. */
  readonly onDone?: (revisit: Revisit) => unknown;
}

/** Running totals over all questions. */
interface Tally {
  right: number;
  unsupported: number;
  reason: string | null;
  /** The lengths of each letter's axis in the judged cases. */
  lengths: Map<string, Set<number>>;
  ratios: Ratios;
  /** The forms in use, by tensor and form, each with its largest factor. */
  forms: Map<string, FormUse>;
  compared: number;
  repeats: Repeats;
  draw: number;
  /** Whether time ended before all cases were asked. */
  cut: boolean;
  /** The inputs whose gradients are not offered, though others are. */
  leftOut: Set<string>;
  /** How many cases each stand-in judged: a mode in place of the question's. */
  standIns: Map<string, number>;
  /** How many numbers of each tensor were NaN or ∞, as the range of the type ends on the way to them. */
  beyond: Map<string, number>;
  /** Which tensors that are not judged were wrong in each case, if some were. */
  unjudged: (readonly string[])[];
  /** The wrong answers that findings need: the first, and later ones that show more. */
  wrongs: FirstWrong[];
  /** The number of wrong answers, and of those in which each tensor is wrong. */
  wrong: number;
  wrongIn: Map<string, number>;
  /** What the taps of right answers tell. */
  readonly taps: SeenTaps;
  /** Long questions that came after the first wrong answer. */
  putOff: InTurn[];
  /** A question to ask again after others. */
  kept: Kept | null;
  /** Whether the last answer was an error that the backend reported. */
  isAfterError: boolean;
  /** The record of all cases, if one is kept. */
  readonly record: Recorder | null;
}

/** How often a replayed question is asked, and a question that got a wrong answer asked again. */
const [replays, doubts] = [16, 3];
/** After the first wrong answer a row goes on to so many, breakages or this time, so that one deviation hides no other. */
const goesOn = { wrong: 8, failures: 3, milliseconds: 30_000 };
/** The number of wrong answers of a kind to keep: a diagnosis must explain all of them. */
const evidence = 4;

/** Checks a backend on one operator in one mode and type that it offers. */
export async function checkMode(
  backend: Backend,
  operator: Operator,
  mode: string,
  dtype: Dtype,
  size: CheckSize,
): Promise<CheckRow> {
  const { accepted = [] } = size;
  const ofAny = accepted.filter(isUnjudged);
  const keepGoing = size.keepGoing === true || accepted.length > 0;
  const offer = backend.description.operators[operator.name]!;
  const domain = domainIn(operator, offer.domain);
  const ability = { compiles: backend.compiles, longest: backend.longest, domain };
  const questions = questionDraws(operator, mode, size, ability);
  const inquiry = inquire(backend, operator, mode, dtype, {
    unjudgedTensors: ofAny.flatMap(({ tensors }) => tensors),
    compileUntil: size.compileUntil,
    until: size.until,
    order: (size.path === undefined && compiledLayouts(operator, mode, size, ability)) || [],
  });
  const tally: Tally = {
    right: 0,
    unsupported: 0,
    reason: null,
    lengths: new Map(),
    ratios: noRatios,
    forms: new Map(),
    compared: 0,
    repeats: { asked: 0, differed: 0 },
    draw: 0,
    cut: false,
    leftOut: new Set(),
    standIns: new Map(),
    beyond: new Map(),
    unjudged: [],
    wrongs: [],
    wrong: 0,
    wrongIn: new Map(),
    taps: seenTaps(inquiry),
    putOff: [],
    kept: null,
    isAfterError: false,
    record: keepGoing ? recorder(inquiry, new Set(accepted.map(({ explanation }) => explanation))) : null,
  };
  await askAll(inquiry, offer, questions, { ...size, keepGoing }, tally);
  size.onDone?.({ inquiry, kept: tally.kept });
  const { right, unsupported, reason, ratios, compared, repeats, draw, cut, leftOut, unjudged } = tally;
  const [finding = null, ...also] = await findingsOf(inquiry, questions, tally.wrongs, tally.cut ? 0 : size.until);
  const [first] = tally.wrongs;
  const late = first && !tally.cut && (await onlyIfLong(inquiry, first.c, tally.putOff, size.until));
  if (late && !(finding !== null && isToldBy([finding, ...also], late))) also.push(late);
  const gradients = offer.gradients !== false;
  const lengths = lengthsOf(tally);
  return {
    operator: operator.name,
    mode,
    dtype,
    ...statusOf(tally, finding, gradients),
    reason: reason ?? (gradients ? null : 'no gradients offered'),
    notes: [
      ...(finding === null && cut ? [`no time was left after ${right} of ${size.cases} cases`] : []),
      ...notesOf(inquiry, offer, tally),
    ],
    gradientsLeftOut: [...leftOut],
    cut,
    cases: right + tally.wrong,
    lengths,
    domain: domain === undefined ? [] : askedWords(domain, lengths),
    unsupported,
    worst: ratios.max,
    median: medianOf(ratios),
    rightAt: inquiry.profile().says,
    forms: [...tally.forms.values()],
    compared,
    finding,
    also,
    wrongIn: Object.fromEntries(tally.wrongIn),
    repeats,
    timing: { draw, ...inquiry.timing() },
    ...tally.record?.result(),
    ...(unjudged.length > 0 && { accepted: ofAny.flatMap((entry) => seenOf(entry, unjudged)) }),
  };
}

/** An entry that accepts any failure of its tensors, if some of them was wrong in some case. */
function seenOf(entry: Acceptance, unjudged: Tally['unjudged']): Accepted[] {
  const isOwn = (tensor: string): boolean => entry.tensors.some((pattern) => matches(pattern, tensor));
  const seen = unjudged.map((names) => names.filter(isOwn)).filter(({ length }) => length > 0);
  return seen.length === 0 ? [] : [{ entry, cases: seen.length, alike: 0, tensors: [...new Set(seen.flat())] }];
}

/** Derives the statuses of a row from the tensors that are wrong. A broken answer counts as wrong in everything. */
function statusOf(
  { right, unsupported, cut, wrongIn, unjudged }: Tally,
  finding: Finding | null,
  gradients: boolean,
): { readonly outputs: Status; readonly gradients: Status } {
  const asked = cut ? 'UNCHECKED' : right > 0 ? 'PASS' : unsupported > 0 ? 'UNSUPPORTED' : 'UNCHECKED';
  if (finding !== null) {
    const names = [...wrongIn.keys()];
    const failed = (kind: string): Status =>
      names.length === 0 || names.some((name) => name.startsWith(kind)) ? 'FAIL' : 'PASS';
    return { outputs: failed('out/'), gradients: gradients ? failed('grad/') : 'UNCHECKED' };
  }
  const passed = (side: string): Status =>
    asked === 'PASS' && unjudged.flat().some((name) => name.startsWith(side)) ? 'ACCEPTED' : asked;
  return { outputs: passed('out/'), gradients: asked === 'PASS' && !gradients ? 'UNCHECKED' : passed('grad/') };
}

/** Asks at most `cases` questions. After the first wrong answer, stops at a limit. */
async function askAll(
  inquiry: Inquiry,
  offer: Offer,
  questions: Questions,
  size: CheckSize,
  tally: Tally,
): Promise<void> {
  const { operator, mode, dtype } = inquiry;
  const { cases, seed, path, until = Number.POSITIVE_INFINITY, repeat, keepGoing = false } = size;
  const asked = (draw: Draw): Asking => {
    const start = performance.now();
    const c = questionCase(operator, dtype, draw);
    tally.draw += performance.now() - start;
    if (typeof offer.gradients === 'object') for (const name of gradientsLeftOut(offer, c)) tally.leftOut.add(name);
    const before = drawBefore(draw);
    return { c, layout: draw.layout, before: before && questionCase(operator, dtype, before) };
  };
  if (path !== undefined) {
    const draw = drawnAt(questions, { seed, path }, `check of ${operator.name} ${mode} ${dtype}`);
    const again = repeater(repeat ?? replays);
    await askOne(inquiry, asked(draw), { seed, path }, tally, again);
    return;
  }
  const again = repeater(repeat);
  const answered = (): number => tally.right + tally.unsupported + tally.wrong;
  let [goesOnUntil, failures, isOver, turn] = [Number.POSITIVE_INFINITY, 0, false, 0];
  let start = performance.now();
  for (const inTurn of drawsInTurn(operator, mode, questions, size)) {
    if (isOver ? turn >= cases : answered() === cases) return;
    turn++;
    const { draw, replay } = inTurn;
    // to ask them, and to explain them, takes long
    const isPutOff = tally.wrong > 0 && size.sizes !== 'real' && isLong(draw.layout);
    if (isPutOff) tally.putOff.push(inTurn);
    if (!isOver && (!isPutOff || keepGoing)) {
      tally.draw += performance.now() - start;
      if (performance.now() > until) tally.cut = true;
      if (tally.cut) return;
      const wrong = await askOne(inquiry, asked(draw), replay, tally, again);
      start = performance.now();
      if (wrong === null) continue;
      if (tally.wrong === 1) goesOnUntil = start + goesOn.milliseconds;
      if (wrong.judged === null) failures++;
      if (['timeout', unsteady, stale].includes(wrong.kind)) {
        tally.putOff = [];
        return;
      }
      isOver = !keepGoing && (failures === goesOn.failures || tally.wrong === goesOn.wrong || start > goesOnUntil);
    }
  }
}

/** A case to ask, its layout, and a case to ask before. */
type Asking = Pick<FirstWrong, 'c' | 'layout'> & { readonly before: Case | null };

/** Asks one question, some of them again, and counts the outcome. Returns a wrong answer. */
async function askOne(
  inquiry: Inquiry,
  { c, layout, before }: Asking,
  replay: Replay,
  tally: Tally,
  timesAgain: (c: Case) => number,
): Promise<WrongAnswer | null> {
  if (before !== null) await inquiry.prompt(before);
  // a record counts each case as what it is
  const hasty = tally.wrong > 0 && tally.record === null ? await inquiry.ask(c, true) : null;
  // a hasty judgement is enough for tensors that are known to be wrong
  let outcome = hasty !== null && showsNoMore(hasty, tally) ? hasty : await inquiry.ask(c);
  // an error may break a process, as an illegal access on a card does: one after another counts if a new process reports it too
  if (isError(outcome) && tally.isAfterError && (await inquiry.renew())) outcome = await inquiry.ask(c);
  tally.isAfterError = isError(outcome);
  if (outcome.is === 'left out') return null;
  if (outcome.is === 'cut') {
    tally.cut = true;
    return null;
  }
  if (outcome.is === 'unsupported') {
    tally.unsupported++;
    tally.reason ??= outcome.reason;
    return null;
  }
  noteLengths(tally, lengthsIn(inquiry.operator.signature.inputs, layout.inputs));
  const { unjudged = [] } = (outcome.is === 'wrong' ? outcome.wrong : outcome).judged ?? {};
  if (unjudged.length > 0) tally.unjudged.push(unjudged);
  const note = (wrong: WrongAnswer): WrongAnswer => {
    noteWrong(tally, { c, layout, wrong, replay });
    return wrong;
  };
  // the first wrong answer decides whether answers are nondeterministic
  const isFirst = tally.wrong === 0;
  if (outcome.is === 'wrong') return note(isFirst ? await steadily(inquiry, c, outcome) : outcome.wrong);
  const { allowed, judgement, forms } = outcome.judged;
  tally.right++;
  tally.record?.right(c, replay);
  tally.taps.see(c, outcome.judged);
  for (const use of forms) noteForm(tally.forms, use);
  for (const [tensor, { length }] of allowed.beyond ?? [])
    tally.beyond.set(tensor, (tally.beyond.get(tensor) ?? 0) + length);
  const { standIn } = allowed;
  if (standIn !== undefined) tally.standIns.set(standIn, (tally.standIns.get(standIn) ?? 0) + 1);
  tally.ratios = bothRatios(tally.ratios, judgement.ratios);
  tally.compared += judgement.compared.byBound + judgement.compared.byFirstOrder + judgement.compared.byProjection;
  for (let left = isFirst ? timesAgain(c) : 0; left > 0 && !tally.cut; ) {
    const { times, outcome: again } = await inquiry.again(c, outcome.judged, left);
    left -= times;
    const { asked, differed } = tally.repeats;
    tally.repeats = { asked: asked + times, differed: differed + (again === null ? 0 : 1) };
    if (again?.is === 'cut') tally.cut = true;
    if (again?.is !== 'wrong') continue;
    // it counts as a wrong answer only
    tally.right--;
    return note({ ...again.wrong, kind: unsteadyKind(again.wrong) });
  }
  return isFirst ? lookBack(inquiry, { c, layout, replay, judged: outcome.judged, at: tally.right }, tally) : null;
}

const isError = (outcome: Outcome): boolean => outcome.is === 'wrong' && outcome.wrong.kind === 'said-so';

/** Whether only tensors are wrong that are wrong elsewhere too. */
const showsNoMore = (outcome: Outcome, { wrongIn }: Tally): boolean =>
  outcome.is !== 'wrong' ||
  (outcome.wrong.judged?.judgement.mismatches ?? []).every(({ tensor }) => wrongIn.has(tensor));

/** Asks the question that was kept again, if others came after it, and keeps another one. Returns a wrong answer. */
async function lookBack(inquiry: Inquiry, latest: Kept, tally: Tally): Promise<WrongAnswer | null> {
  const { kept } = tally;
  if (tally.cut || !isOld(kept, tally.right)) return null;
  tally.kept = latest;
  const again = kept && (await inquiry.again(kept.c, kept.judged)).outcome;
  if (again?.is === 'cut') tally.cut = true;
  if (kept === null || again?.is !== 'wrong') return null;
  tally.right--;
  const steady = await steadily(inquiry, kept.c, again);
  const wrong = steady.judged === null || steady.kind === unsteady ? steady : { ...steady, kind: stale };
  noteWrong(tally, { ...kept, wrong });
  return wrong;
}

/** The kind of a wrong answer to a question that got a right one before. A backend that breaks, breaks. */
const unsteadyKind = ({ kind, judged }: WrongAnswer): string => (judged === null ? kind : unsteady);

function noteLengths({ lengths }: Tally, drawn: Lengths): void {
  for (const [letter, length] of Object.entries(drawn)) {
    const known = lengths.get(letter) ?? new Set();
    lengths.set(letter, known.add(length));
  }
}

const lengthsOf = ({ lengths }: Tally): CheckRow['lengths'] =>
  Object.fromEntries([...lengths].map(([letter, asked]) => [letter, [...asked].sort((a, b) => a - b)]));

/** Counts a wrong answer. Keeps it if it shows something new, or if there is little evidence yet. */
function noteWrong(tally: Tally, one: FirstWrong): void {
  tally.wrong++;
  tally.record?.wrong(one, one.replay);
  for (const { tensor } of one.wrong.judged?.judgement.mismatches ?? []) {
    tally.wrongIn.set(tensor, (tally.wrongIn.get(tensor) ?? 0) + 1);
  }
  const known = tally.wrongs.filter(({ wrong }) => isOf(one.wrong, wrong.kind));
  // it is slow to explain
  const isSlow = tally.record !== null && tally.wrong > 1 && isLong(one.layout);
  if (known.length < evidence && !isSlow) tally.wrongs.push({ ...one, wrong: withoutMeans(one.wrong) });
}

function noteForm(known: Map<string, FormUse>, use: FormUse): void {
  const key = `${use.tensor} ${use.form}`;
  const before = known.get(key);
  if (before === undefined || before.factor < use.factor) known.set(key, use);
}

/** Asks a wrongly answered question again. Marks the answer as nondeterministic if another one differs by more than atomic additions. */
async function steadily(inquiry: Inquiry, c: Case, { wrong }: Extract<Outcome, { is: 'wrong' }>): Promise<WrongAnswer> {
  if (wrong.judged === null) return wrong;
  for (let left = doubts; left > 0; left--) {
    const { outcome: again } = await inquiry.again(c, wrong.judged);
    if (again?.is === 'cut') return wrong;
    if (again !== null && !(again.is === 'wrong' && inquiry.differsAsDeclared(wrong, again.wrong)))
      return { ...wrong, kind: unsteady };
  }
  return wrong;
}
