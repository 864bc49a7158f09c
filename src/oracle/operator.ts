/** @file Defines the interface of an operator: its scalar definition, its modes, and the shapes to test. */
import type * as fc from 'fast-check';
import type { Evidence } from '../../spec/evidence.ts';
import type { Value } from '../tensor/value.ts';
import type { BatchKind } from './batch-kind.ts';
import type { Case, Layout, Settings, Values } from './case.ts';
import type { Definition, Groups } from './over.ts';
import type { Named, Program } from './program.ts';
import type { Signature } from './signature.ts';
import type { InputsOf, OutputsOf } from './signature-types.ts';

/** Limits on the cases to draw. */
export interface Size {
  /** The length of the longest sequence. */
  readonly longest: number;
  /** The length that no sequence exceeds, unless a domain has no shorter one. By default there is none. */
  readonly limit?: number | undefined;
  /**
   * Draws the length of an axis, by its letter in the signature, in place of the usual draw. Undefined: as usual. Widths of whole models
   * belong to their configurations, which are drawn as usual.
   */
  axis?(letter: string, usual: fc.Arbitrary<number>): fc.Arbitrary<number> | undefined;
  /** Narrows the values of a setting, or of whether an optional input is given, before one is drawn. */
  among?<T>(name: string, values: readonly T[]): readonly T[];
  /** Settings that are left out: the operator has none of them by default, see `optIn`. */
  readonly without?: readonly string[];
  /** Draws decays so near 1 that the first token still counts at the end of the longest sequence. */
  readonly lasting?: boolean;
  /** Draws only cases in which every sum and product of dyadic inputs is exact: decays of ½, short sequences. */
  readonly exact?: boolean;
}

/** A program from named inputs to named outputs, typed by its signature. */
export type ProgramOf<Text extends string, S extends Settings> = Program<
  S,
  InputsOf<Text, Value>,
  Named | OutputsOf<Text, Value>
>;

/** Another formula for a mode. It has the mode's inputs and outputs, and rounds differently. */
export interface Form<S extends Settings = Settings, Text extends string = string> {
  /** What the formula does, as reports say it: "cumulated logarithms". */
  readonly says: string;
  /** Its gradients are those of the formula: they come from differentiating it. */
  readonly program: ProgramOf<Text, S>;
  /** If the formula loses digits on some admissible inputs: which ones. Reports say how many digits. */
  readonly loses?: string;
  /** Whether it is a fault to use the formula where it loses almost all digits, because a better one costs nothing. */
  readonly isFaultThere?: boolean;
  /** Whether it stores a number for each pair of tokens in every mode, which is too much for large cases. */
  readonly ofPairs?: boolean;
  /**
   * Whether it equals its mode on a case where nothing is rounded, if not on all. They are equal only within rounding where one of them
   * cuts off a series, or takes a limit from some number on.
   */
  agrees?(c: Case<S>): boolean;
}

/** The numbers of the equations that define each output of each mode, by the mode's name and the output's name. */
export type DefinedBy = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/**
 * The taps of each mode, by the names of mode and tap, each with its letters. Beside those of the signature, `c` is a chunk of `chunkSize` tokens. A mode that computes
 * a tap in several steps computes one entry, or some, along `c`, else along `t`. `bhtne -> bhten` are the letters in the program, and those of the tap.
 */
export type Taps = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A computation with a definition and one or more modes. `defineOperator` fills in defaults. */
export interface Operator<S extends Settings = Settings, Text extends string = string> {
  readonly name: string;
  /** The numbers of the paper's equations that the operator computes. */
  readonly equations?: readonly number[];
  /**
   * If the modes' results are defined by different equations: the equations of each result, by mode and output. The law `modes` checks
   * that the modes still agree.
   */
  readonly definedBy?: DefinedBy;
  /** The file of the definition, if the paper has no numbered equation for it. */
  readonly chapter?: string;
  /**
   * The sources of the definition, if the paper has no numbered equation for it. The default is the authors' code; an empty list marks
   * our own definition.
   */
  readonly evidence?: readonly Evidence[];
  /** The inputs and outputs in the glossary's letters. Shapes, states, and the axes of time, batch and heads follow (`axes.ts`). */
  readonly signature: Signature<Text>;
  /** The letter of the axis along which sequences are independent; b by default. */
  readonly batch?: string;
  /** The letters of groups, each with the letter of the heads that share them: head h belongs to group ⌊h G / H⌋. */
  readonly groups?: Groups;
  /**
   * Settings that questions to a backend leave out unless its domain names them. Without one, the operator is what it was before it had
   * the setting.
   */
  readonly optIn?: readonly string[];
  /** Whether programs have no gradients: they may round or compare, and no law looks at gradients. */
  readonly forwardOnly?: boolean;
  /** Draws shapes and settings. */
  layouts(size: Size): fc.Arbitrary<Layout<S>>;
  /** The distributions of numbers to test, if not all. Questions to backends are wide too: a slot's `powers` and `isFactor` keep them in range. */
  readonly values?: readonly Values[];
  /**
   * The scalar definition. It depends on the mode if the modes differ by definition, and omits outputs that it does not define.
   * Some definitions divide by numbers that count as constants in differentiation. These divisors are computed at the inputs `frozen`,
   * by default the definition's own inputs.
   */
  readonly definition: Definition<S>;
  readonly modes: Readonly<Record<string, ProgramOf<Text, S>>>;
  /**
   * Other formulas for a mode, by the mode's name and the form's name, the tightest first. A number is right if it is within the bound
   * of one.
   */
  readonly forms?: Readonly<Record<string, Readonly<Record<string, Form<S, Text>>>>>;
  /** The formula of each mode that has forms, as reports say it: "products of decays". */
  readonly says?: Readonly<Record<string, string>>;
  /** The intermediates that a backend may return beside its results. */
  readonly taps?: Taps;
  /** The mode that computes in the order of the definition. Its error bound also serves for the definition. */
  readonly reference: string;
  /**
   * For each mode that programs compute in many orders, such as a scan over different trees: the modes whose bounds are added to
   * get the allowed error. The derivative of another tree sums other products, so the bound of one mode is not enough.
   */
  readonly boundsOf?: Readonly<Record<string, readonly string[]>>;
  /** Whether all modes compute the same function under these settings. */
  modesAgree(settings: S): boolean;
  /** If the modes are different functions under all settings: the reason. */
  readonly apart?: string;
  /** Whether the definition covers these settings. Some networks are defined only from the first token on. */
  defines(settings: S): boolean;
  /** The letter of an axis for each of whose entries modes in chunks store a number for each pair of tokens of a chunk. */
  readonly perPair?: string;
  /**
   * Whether the definition is smooth at the scale of finite differences around a case; if absent, it is around every case. A norm is not
   * around a vector of zeros.
   */
  isSmooth?(c: Case<S>): boolean;
  /** Whether a mode can compute a case with these settings. Some modes cannot continue a sequence. */
  admits(settings: S, mode: string): boolean;
  /** The settings for the rest of a sequence, after its first `tokens` tokens. */
  after(settings: S, tokens: number): S;
  /** The periods of outputs whose numbers mean the same after whole periods, as angles do. */
  readonly periods?: Readonly<Record<string, number>>;
  /** The names of index inputs that are the number of tokens before the first, one for each sequence. */
  readonly positions?: readonly string[];
  /** Whether a sequence may be split before token s in a mode. If absent, every split is allowed. */
  splits?(settings: S, mode: string, s: number): boolean;
  /** Whether the modes also run batches of sequences of unequal lengths: see `batchable`. */
  readonly batches?: boolean;
  /** The kind of batch that each case is, and the operator of its sequences, if lengths are unequal: see `batchedOf`. */
  readonly batched?: { readonly kind: BatchKind; readonly of: Operator };
  /** The operator's claims, each tested by one law. */
  readonly laws: Claims<S>;
}

/** Properties that an operator claims to have. One law tests each of them. */
export interface Claims<S extends Settings = Settings> {
  /** The letter of an axis whose entries are independent, as heads are. */
  readonly heads?: string;
  /** Names of settings that are lists with one entry per head. */
  readonly headSettings?: readonly string[];
  /** Names or patterns of the inputs in which the outputs are jointly linear. */
  readonly linearIn?: readonly string[];
  /** The outputs that are linear in `linearIn`, if not all. */
  readonly linearOutputs?: readonly string[];
  /** Whether `linearIn` and `exact` hold under these settings; if absent, they do under all. */
  linearUnder?(settings: S): boolean;
  /** Whether dyadic inputs give exact results. True only if the operator consists of sums and products. */
  readonly exact?: boolean;
  /** Modes that mix the rounding errors of all tokens, as a Fourier transform does. Exact laws hold for them within bounds. */
  readonly spectral?: readonly string[];
  /** Whether zeros inserted before the first token only delay the outputs, given a zero state. */
  readonly timeInvariant?: boolean;
  /** Whether the operator combines `left.…` and `right.…` associatively into a result with the same parts. */
  readonly combines?: boolean;
  /** Special cases in which the operator must equal a simpler program. */
  readonly reductions?: Readonly<Record<string, Reduction<S>>>;
}

/** A special case in which the operator must exactly equal a simpler program. */
export interface Reduction<S extends Settings = Settings> {
  change(c: Case<S>): Case<S>;
  program(mode: string): Program<S>;
  /** Whether the comparison ignores a result that only one of the two has, such as `gradient.param.gate`. */
  ignores(name: string): boolean;
}
