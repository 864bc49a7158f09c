/** @file What a fault is: a program that is wrong in a way that people's programs are wrong. */
import type { Settings } from './case.ts';
import type { Program } from './program.ts';

/** A wrong variant of an operator in a mode, and the laws that must reject it. */
export interface Fault<S extends Settings = Settings> {
  readonly name: string;
  /** What is wrong, in a few words. */
  readonly says: string;
  readonly operator: string;
  readonly mode: string;
  readonly program: Program<S>;
  readonly rejectedBy: readonly string[];
}
