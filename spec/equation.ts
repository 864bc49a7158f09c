/** @file The form of an equation's record, and the doubts about its number. Each chapter exports its records. */
import type { Evidence } from './evidence.ts';

/** One numbered equation. */
export interface Equation {
  readonly number: number;
  readonly name: string;
  /** The file of its definition. */
  readonly chapter: string;
  readonly evidence: readonly Evidence[];
  readonly latex: string;
  /** In the letters of GLOSSARY.md. */
  readonly shapes: string;
  readonly definition: (...operands: never[]) => unknown;
}

/** Why the paper may number equations from 14 on otherwise. */
export const mayBeOneTooLow = 'may be one too low: the secondary source has two formulas where Eq. 13 is one';

/** The doubt about an equation's number beside those that its evidence names; empty up to Eq. 13. */
export function numberingNote({ number }: Equation): string {
  return number > 13 ? `the number ${mayBeOneTooLow}` : '';
}
