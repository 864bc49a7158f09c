/** @file Defines the record of an equation, and the doubts about its number. Each chapter exports its records. */
import { type Evidence, numberingNotVerified } from './evidence.ts';
import type { ReadingName } from './readings.ts';

/** A formula under another reading of the paper than the equation's own. */
export interface OtherFormula {
  readonly reading: ReadingName;
  /** The option of that reading. */
  readonly option: string;
  readonly latex: string;
  /** The letters that the equation's own formula lacks, and how the formula follows. */
  readonly note: string;
  readonly evidence: readonly Evidence[];
}

/** One numbered equation. */
export interface Equation {
  readonly number: number;
  readonly name: string;
  /** The file of the definition. */
  readonly chapter: string;
  readonly evidence: readonly Evidence[];
  readonly latex: string;
  /** The operands, with the letters of the formula, and their axes, with the letters of GLOSSARY.md. Numbers and functions have no axes. */
  readonly shapes: string;
  /** How the definition is more general than the formula, or what the formula does not specify. */
  readonly note?: string;
  readonly otherwise?: OtherFormula;
  readonly definition: (...operands: never[]) => unknown;
}

/** The reason why the paper may have other numbers for equations from 14 on. */
export const twoWhereOne = 'the secondary source has two formulas where Eq. 13 is one';

/** The doubts about an equation's number. */
export function numberingNote({ number }: Equation): string {
  return number > 13
    ? `${numberingNotVerified}; may be Eq. ${number + 1} in the paper: ${twoWhereOne}`
    : numberingNotVerified;
}
