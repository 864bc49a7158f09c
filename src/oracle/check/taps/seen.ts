/** @file Keeps what the taps of right answers tell: they fail no row, but a row says which diverge. */
import type { Case } from '../../case.ts';
import type { Inquiry, JudgedAnswer } from '../inquiry.ts';
import { isDivergent, isRightTap, judgedTaps } from './judged-taps.ts';
import { askedFor, divergenceText } from './tap-lines.ts';

/** What a row says of the taps of its right answers. */
export interface SeenTaps {
  /** Judges the taps of a right answer. */
  see(c: Case, judged: JudgedAnswer): void;
  /** The notes of a row. Where answers are wrong, it does not say that others have right taps. */
  notes(isWrong: boolean): string[];
}

/** So many right answers with taps that diverge are enough: each takes long, as other formulas are tried. */
const enough = 4;

/** Starts to keep what taps tell. */
export function seenTaps(inquiry: Inquiry): SeenTaps {
  const right = new Set<string>();
  /** The first sentence about each tap that diverges or cannot be compared. */
  const [divergent, unfit] = [new Map<string, string>(), new Map<string, string>()];
  let [judged, wrong] = [0, 0];
  return {
    see(c, answer) {
      if (answer.taps.size === 0 || wrong === enough) return;
      judged++;
      const taps = judgedTaps(inquiry.operator, askedFor(inquiry, c, answer), inquiry.profiles, answer.taps);
      const [first] = taps.compared.filter(isDivergent);
      if (first !== undefined) {
        wrong++;
        if (!divergent.has(first.tap.name)) divergent.set(first.tap.name, divergenceText(first));
      }
      for (const { tap } of taps.compared.filter(isRightTap)) right.add(tap.name);
      for (const { name, says } of taps.unfit) if (!unfit.has(name)) unfit.set(name, says);
    },
    notes: (isWrong) => [
      ...(divergent.size > 0
        ? [`in ${wrong} of ${judged} right answers a tap diverges, first ${[...divergent.values()].join('; first ')}`]
        : right.size > 0 && !isWrong
          ? [`taps right: ${[...right].join(', ')}`]
          : []),
      ...unfit.values(),
    ],
  };
}
