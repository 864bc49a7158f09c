/** @file The interface of an operator: its scalar definition, its modes, and the shapes on which it is tried. */
import type * as fc from 'fast-check';
import type { Evidence } from '../../spec/evidence.ts';
import type { Value } from '../tensor/value.ts';
import type { Case, Layout, Settings, Values } from './case.ts';
import type { Definition } from './over.ts';
import type { Named, Program } from './program.ts';
import type { Signature } from './signature.ts';
import type { InputsOf, OutputsOf } from './signature-types.ts';

/** Which cases to draw. */
export interface Size {
  /** Sequences are at most this long. */
  readonly longest: number;
  /** Only cases in which every sum and product of dyadic inputs is exact: decays of ½, short sequences. */
  readonly exact?: boolean;
}

/** A program of a signature: named inputs to named outputs. */
export type ProgramOf<Text extends string, S extends Settings> = Program<
  S,
  InputsOf<Text, Value>,
  Named | OutputsOf<Text, Value>
>;

/** The numbers of the equations that define a mode's outputs, by the mode's name and the output's. */
export type DefinedBy = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** Something with a definition, computed in one or more modes. `defineOperator` fills in what nearly all of them share. */
export interface Operator<S extends Settings = Settings, Text extends string = string> {
  readonly name: string;
  /** The numbers of the paper's equations that it computes. */
  readonly equations?: readonly number[];
  /**
   * Where a result of some mode is defined by other equations than that of another: the equations that define each, by mode and output.
   * The law `modes` joins them.
   */
  readonly definedBy?: DefinedBy;
  /** Where its definition stands, if no equation of the paper numbers it. */
  readonly chapter?: string;
  /** Where its definition comes from, if no equation of the paper numbers it: the authors' code unless given; empty where it is ours. */
  readonly evidence?: readonly Evidence[];
  /** Its inputs and outputs in the glossary's letters: shapes, states, and the axes of time, batch and heads follow (`axes.ts`). */
  readonly signature: Signature<Text>;
  /** The letter of the axis along which sequences are independent: b unless given. */
  readonly batch?: string;
  /** Draws shapes and settings. */
  layouts(size: Size): fc.Arbitrary<Layout<S>>;
  /** The kinds of numbers it is tried on, if not all. */
  readonly values?: readonly Values[];
  /**
   * The scalar definition, in a mode where the modes differ by definition. Outputs that it does not define are left out. Where it divides
   * by what counts as constant in differentiation, those are the divisors at the inputs `frozen`, its own unless given.
   */
  readonly definition: Definition<S>;
  readonly modes: Readonly<Record<string, ProgramOf<Text, S>>>;
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
  /** The settings for the tokens that come after the first `tokens`. */
  after(settings: S, tokens: number): S;
  /** Where a sequence may be split in a mode, if not everywhere. */
  splits?(settings: S, mode: string, s: number): boolean;
  /** Whether its modes also run batches of sequences of unequal lengths: see `batchable`. */
  readonly batches?: boolean;
  /** Its claims to single laws. */
  readonly laws: Claims<S>;
}

/** Claims of an operator beside its definition and modes: each is the matter of one law. */
export interface Claims<S extends Settings = Settings> {
  /** The letter of an axis whose entries, as heads, know nothing of each other. */
  readonly heads?: string;
  /** Settings that are lists with an entry for each of them. */
  readonly headSettings?: readonly string[];
  /** Inputs, or patterns of them, in which outputs are jointly linear. */
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
}

/** A case changed so that the operator becomes another, simpler program, exactly. */
export interface Reduction<S extends Settings = Settings> {
  change(c: Case<S>): Case<S>;
  program(mode: string): Program<S>;
  /** Numbers that only one of the two has, as `gradient.param.gate`. */
  ignores(name: string): boolean;
}
