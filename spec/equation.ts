/** @file The record of a numbered equation. Each chapter exports its own, beside the definition. */
import { type Evidence, numberingNotVerified } from './evidence.ts';

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

/** Doubts about an equation's number, joined by semicolons; empty if there are none. */
export function numberingNote({ number, evidence }: Equation): string {
  const doubts = [evidence.includes('R') && numberingNotVerified, number > 13 && mayBeOneTooLow];
  return doubts.filter((doubt) => doubt !== false).join('; ');
}
