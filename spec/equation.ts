/** @file Defines the record of an equation, and the doubts about its number. Each chapter exports its records. */
import { type Evidence, numberingNotVerified } from './evidence.ts';

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
  readonly definition: (...operands: never[]) => unknown;
}

/** The reason why the paper may have other numbers for equations from 14 on. */
export const mayBeOneTooLow = 'may be one too low: the secondary source has two formulas where Eq. 13 is one';

/** The doubts about an equation's number. */
export function numberingNote({ number }: Equation): string {
  return number > 13 ? `${numberingNotVerified}; ${mayBeOneTooLow}` : numberingNotVerified;
}
