/** @file Operators: what is specified, with its scalar definition, its modes and the shapes it is tried on. */
import type * as fc from 'fast-check';
import type { Evidence } from '../../spec/evidence.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Case, Layout, Settings, Tensors, Values } from './case.ts';
import type { Program } from './program.ts';

/** How an operator runs along time, for the laws that cut sequences. */
export interface TimeAxes<S extends Settings> {
  /** The time axis of each input and output that has one. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
  /** Which final state (an output) is which initial state (an input). */
  readonly states: Readonly<Record<string, string>>;
  /** The time axis of each final state that grows with every token. */
  readonly grows?: Readonly<Record<string, number>>;
  /** The settings for what comes after the first `tokens` tokens. */
  after(settings: S, tokens: number): S;
}

/** What a law may want to change about a case's axes. */
export interface SharedAxes {
  /** The axis along which sequences are independent, by input or output. */
  readonly batch: Readonly<Record<string, number>>;
  /** The axis of heads, likewise; settings in `headSettings` are lists with one entry per head. */
  readonly head?: Readonly<Record<string, number>>;
  readonly headSettings?: readonly string[];
}

/** What cases to draw. */
export interface Size {
  /** Sequences are at most this long. */
  readonly longest: number;
  /** Only cases in which every sum and product of dyadic inputs is exact: decays of ½, short sequences. */
  readonly exact?: boolean;
}

/** Something with a definition, computed in one or more modes. */
export interface Operator<S extends Settings = Settings> {
  readonly name: string;
  /** The numbers of the paper's equations that it computes. */
  readonly equations?: readonly number[];
  /** Where its definition stands, if no equation of the paper numbers it. */
  readonly chapter?: string;
  /** Where its definition comes from, if no equation of the paper numbers it: the authors' code unless given; empty where it is ours. */
  readonly evidence?: readonly Evidence[];
  /** Draws shapes and settings. */
  layouts(size: Size): fc.Arbitrary<Layout<S>>;
  /** The kinds of numbers it is tried on, if not all. */
  readonly values?: readonly Values[];
  /**
   * The scalar definition, in a mode where the modes differ by definition. What it does not define is left out. Where it divides
   * by what counts as constant in differentiation, those are the divisors at the inputs `frozen`, its own unless given.
   */
  definition(inputs: Tensors, settings: S, mode: string, frozen?: Tensors): Tensors;
  readonly modes: Readonly<Record<string, Program<S>>>;
  /** The mode that computes as the definition does: its error bound is the definition's. */
  readonly reference: string;
  /**
   * For a mode of which programs take many orders of computing, as scans over trees of their own do: the modes whose bounds, added up,
   * an answer may be off by. Differentiating another tree adds up other products.
   */
  readonly boundsOf?: Readonly<Record<string, readonly string[]>>;
  /** Whether all modes are one function under these settings. */
  modesAgree(settings: S): boolean;
  /** Why the modes are different functions under all settings, where they are. */
  readonly apart?: string;
  /** Whether the definition speaks of these settings: the networks are defined from the first token on. */
  defines(settings: S): boolean;
  /** Whether a mode can compute this at all: some cannot continue a sequence. */
  admits(settings: S, mode: string): boolean;
  readonly time?: TimeAxes<S>;
  readonly axes?: SharedAxes;
  /** Inputs in which outputs are jointly linear. */
  readonly linearIn?: readonly string[];
  /** The outputs that are, if not all. */
  readonly linearOutputs?: readonly string[];
  /** Whether dyadic inputs give exact results: sums and products only. */
  readonly exact?: boolean;
  /** Modes that mix all tokens' roundings, as a Fourier transform does: exact laws hold for them within their bounds. */
  readonly spectral?: readonly string[];
  /** Whether inputs of zeros before the first token, from a zero state, only delay the outputs. */
  readonly timeInvariant?: boolean;
  /** Whether it combines `left.…` and `right.…` to something of the same parts, associatively. */
  readonly combines?: boolean;
  /** Special cases that must equal simpler operators. */
  readonly reductions?: Readonly<Record<string, Reduction<S>>>;
  /** Whether its modes also run batches of sequences of unequal lengths: see `batchable`. */
  readonly batches?: boolean;
  /** Where a sequence may be split in a mode, if not everywhere. */
  splits?(settings: S, mode: string, s: number): boolean;
}

/** A case changed so that the operator becomes another, simpler program, exactly. */
export interface Reduction<S extends Settings = Settings> {
  change(c: Case<S>): Case<S>;
  program(mode: string): Program<S>;
  /** Numbers that only one of the two has, as `gradient.param.gate`. */
  ignores(name: string): boolean;
}

/** What an operator without time, states or readings fills in. */
export const plain = {
  modesAgree: () => true,
  admits: () => true,
  defines: () => true,
};

/** How long the sequences of a case or layout are; 0 where there is no time. */
export function longestIn(
  time: Pick<TimeAxes<never>, 'inputs'> | undefined,
  { inputs }: { readonly inputs: Readonly<Record<string, { readonly shape: Shape }>> },
): number {
  const lengths = Object.entries(time?.inputs ?? {}).map(([name, axis]) => inputs[name]?.shape[axis] ?? 0);
  return Math.max(0, ...lengths);
}
