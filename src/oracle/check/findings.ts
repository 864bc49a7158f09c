/** @file Reports the deviations of a row: the first, and later ones that it does not explain. */
import { contrasts } from './diagnosis/contrast/contrast.ts';
import { ofPrecision } from './diagnosis/explain.ts';
import { ofFault, ofReading } from './diagnosis/likeness.ts';
import { type Inquiry, isOf } from './inquiry.ts';
import type { Questions } from './questions/in-turn.ts';
import type { Finding } from './row.ts';
import { type FirstWrong, smallestFailing, unsteady } from './smallest/smallest.ts';
import { stale, staleFinding } from './stale.ts';

/** The most deviations to report in a row. */
const mostFindings = 3;
/** An explanation of other tensors must hold in this many cases. */
const fewCases = 3;
/** The part of the limits on shrinking that later deviations get. */
const laterShare = 1 / 8;

/** Reports the first wrong answer, and later ones of other kinds that it does not explain, until the time `end` at most. */
export async function findingsOf(
  inquiry: Inquiry,
  questions: Questions,
  wrongs: readonly FirstWrong[],
  end: number | undefined,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const first of wrongs) {
    const ofKind = (kind: string): FirstWrong[] => wrongs.filter(({ wrong }) => isOf(wrong, kind));
    if (first.wrong.kind === stale) return [...findings, staleFinding(first, first.wrong)];
    const isKnown = findings.some(({ kind }) => kind === unsteady || isOf(first.wrong, kind));
    if (isKnown || findings.length === mostFindings) continue;
    const alike = ofKind(first.wrong.kind).filter(
      (one) => one !== first && !findings.some(({ kind }) => isOf(one.wrong, kind)),
    );
    const earlier = findings.flatMap(({ kind }) => ofKind(kind));
    if (findings.length > 0 && isExplained(inquiry, [first, ...alike], findings, earlier)) continue;
    const share = findings.length === 0 ? 1 : laterShare;
    const finding = await smallestFailing(inquiry, questions, first, { alike, share, end });
    if (!isToldBy(findings, finding)) findings.push(finding);
  }
  return findings;
}

/** Whether wrong answers show nothing new: only tensors that are wrong in earlier findings too, and no explanation of their own. */
function isExplained(
  inquiry: Inquiry,
  wrongs: readonly FirstWrong[],
  findings: readonly Finding[],
  earlier: readonly FirstWrong[],
): boolean {
  const [first] = wrongs;
  if (first === undefined || first.wrong.judged === null) return false;
  const present = new Set(earlier.flatMap(({ wrong: { judged } }) => Object.keys(judged?.allowed.tensors ?? {})));
  const known = new Set(earlier.flatMap(tensorsOf));
  // optional tensors may be absent from the earlier cases
  if (tensorsOf(first).some((tensor) => present.has(tensor) && !known.has(tensor))) return false;
  const told = new Set(findings.flatMap((finding) => finding.contrasts.map(({ says }) => says)));
  // few cases have many explanations
  if (wrongs.length < fewCases || told.size === 0) return true;
  return contrasts(inquiry, wrongs, told).every(({ says }) => told.has(says));
}

/** Hints that explain a failure. Others say where it is. */
const explains = (hint: string): boolean =>
  [ofPrecision, ofFault, ofReading].some((what) => hint.startsWith(what)) || hint.startsWith('computes as');

/** Whether earlier findings explain a later one: by a lower precision, the same fault or reading, or the same other question. */
export function isToldBy(earlier: readonly Finding[], { hints, contrasts: own }: Finding): boolean {
  const known = earlier.flatMap((one) => one.hints).filter(explains);
  const isPrecision = (hint: string): boolean => hint.startsWith(ofPrecision);
  const isKnown = (hint: string): boolean => known.includes(hint) || (isPrecision(hint) && known.some(isPrecision));
  if (hints.filter(explains).some(isKnown)) return true;
  const told = earlier.flatMap((one) => one.contrasts.map(({ says }) => says));
  return own.length > 0 && own.every(({ says }) => says.startsWith('as if') && told.includes(says));
}

const tensorsOf = ({ wrong: { judged } }: FirstWrong): string[] =>
  judged?.judgement.mismatches.map(({ tensor }) => tensor) ?? [];
