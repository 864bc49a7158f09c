/** @file The interface of an operator: its scalar definition, its modes, and the shapes on which it is tried. */
import type * as fc from 'fast-check';
import type { Evidence } from '../../spec/evidence.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import type { Case, Layout, Settings, Values } from './case.ts';
import type { Definition } from './over.ts';
import type { Named, Program } from './program.ts';
import { axisIn, growingAxisIn, hasAxis, matches, type Signature, termIn } from './signature.ts';
import type { InputsOf, OutputsOf } from './signature-types.ts';

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

/** A program of a signature: named inputs to named outputs. */
export type ProgramOf<Text extends string, S extends Settings> = Program<
  S,
  InputsOf<Text, Value>,
  Named | OutputsOf<Text, Value>
>;

/** Something with a definition, computed in one or more modes. */
export interface Operator<S extends Settings = Settings, Text extends string = string> {
  readonly name: string;
  /** What it takes and gives, in the glossary's letters: shapes, and the axes of time, batch and heads, follow from it. */
  readonly signature?: Signature<Text>;
  /** The letter of the axis along which sequences are independent, if not b. */
  readonly batch?: string;
  /** The settings for what comes after the first `tokens` tokens, where they differ. */
  after?(settings: S, tokens: number): S;
  /** What single laws ask. */
  readonly laws?: Claims<S>;
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
  definition: Definition<S>;
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

/** What an operator claims beside its definition and modes: each is the matter of one law. */
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

/** What an operator claims. */
export const claimsOf = <S extends Settings>(operator: Operator<S>): Claims<S> => operator.laws ?? operator;

/** What an axis is to a law: along it tokens follow each other, or sequences or heads are independent. */
export type AxisKind = 'time' | 'batch' | 'head';

const letterOf = ({ batch = 'b', laws }: Operator, kind: AxisKind): string | undefined =>
  kind === 'time' ? 't' : kind === 'batch' ? batch : laws?.heads;

/** Which axis of an input or output is of a kind; undefined where none is. */
export function axisOf(
  operator: Operator,
  kind: AxisKind,
  side: 'inputs' | 'outputs',
  name: string,
): number | undefined {
  if (operator.signature === undefined)
    return kind === 'time' ? operator.time?.[side][name] : operator.axes?.[kind]?.[name];
  const letter = letterOf(operator, kind);
  return letter === undefined ? undefined : axisIn(operator.signature[side], letter, name);
}

/** Whether any input or output has an axis of a kind. */
export function hasAxisOf(operator: Operator, kind: AxisKind, side: 'inputs' | 'outputs'): boolean {
  if (operator.signature === undefined)
    return kind === 'time' ? Object.keys(operator.time?.[side] ?? {}).length > 0 : operator.axes?.[kind] !== undefined;
  const letter = letterOf(operator, kind);
  return letter !== undefined && hasAxis(operator.signature[side], letter);
}

/** The patterns of the states: what stands on both sides of a signature that knows time. */
function statePatterns(operator: Operator): string[] {
  if (operator.signature === undefined) return Object.keys(operator.time?.states ?? {});
  const { inputs, outputs } = operator.signature;
  if (!hasAxis(outputs, 't')) return [];
  return outputs.map(({ pattern }) => pattern).filter((pattern) => termIn(inputs, pattern) !== undefined);
}

/** The output that has a number for each token, where there is one. */
export const timedOutput = (operator: Operator): string =>
  operator.signature === undefined
    ? Object.keys(operator.time!.outputs)[0]!
    : operator.signature.outputs.find(({ pattern }) => axisOf(operator, 'time', 'outputs', pattern) !== undefined)!
        .pattern;

/** Whether sequences of an operator can be continued from a state. */
export const hasStates = (operator: Operator): boolean => statePatterns(operator).length > 0;

/** Whether an input or output is a state, which one part of a sequence hands to the next. */
export const isState = (operator: Operator, name: string): boolean =>
  statePatterns(operator).some((pattern) => matches(pattern, name));

/** The axis of a state that grows with every token; undefined where it stays as it is. */
export const growingAxis = (operator: Operator, name: string): number | undefined =>
  operator.signature === undefined
    ? operator.time?.grows?.[name]
    : growingAxisIn(operator.signature.outputs, 't', name);

/** The settings for what comes after the first tokens. */
export const settingsAfter = <S extends Settings>(operator: Operator<S>, settings: S, tokens: number): S =>
  operator.after?.(settings, tokens) ?? operator.time?.after(settings, tokens) ?? settings;

/** How long the sequences of a case or layout are; 0 where there is no time. */
export function longestIn(
  operator: Operator,
  { inputs }: { readonly inputs: Readonly<Record<string, { readonly shape: Shape }>> },
): number {
  const lengths = Object.entries(inputs).map(([name, { shape }]) => {
    const axis = axisOf(operator, 'time', 'inputs', name);
    return axis === undefined ? 0 : shape[axis]!;
  });
  return Math.max(0, ...lengths);
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
