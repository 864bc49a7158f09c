/** @file The form of an equation's record, and the doubts about its number. Each chapter exports its records. */
import { type Evidence, numberingNotVerified } from './evidence.ts';

/** One numbered equation. */
export interface Equation {
  readonly number: number;
  readonly name: string;
  /** The file of its definition. */
  readonly chapter: string;
  readonly evidence: readonly Evidence[];
  readonly latex: string;
  /** The operands in the formula's letters, with axes in the letters of GLOSSARY.md; one without axes is a number or a function. */
  readonly shapes: string;
  /** Where the definition is more general than the formula, or the formula leaves something open. */
  readonly note?: string;
  readonly definition: (...operands: never[]) => unknown;
}

/** Why the paper may number equations from 14 on otherwise. */
export const mayBeOneTooLow = 'may be one too low: the secondary source has two formulas where Eq. 13 is one';

/** The doubts about an equation's number. */
export function numberingNote({ number }: Equation): string {
  return number > 13 ? `${numberingNotVerified}; ${mayBeOneTooLow}` : numberingNotVerified;
}
