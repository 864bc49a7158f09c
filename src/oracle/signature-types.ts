/** @file Derives types from a signature's text: the names of tensors, and the depth of their nested lists. */
import type { Lists } from './case.ts';

type InputTerms<Text> = Text extends `${infer Inputs} -> ${string}` ? Terms<Inputs> : never;
type OutputTerms<Text> = Text extends `${string} -> ${infer Outputs}` ? Terms<Outputs> : never;
type Terms<Side> = Side extends `${infer Term}, ${infer Rest}` ? Term | Terms<Rest> : Side;

/** The key type of a pattern: `source.*` becomes `source.${number}`. */
type Key<Pattern extends string> = Pattern extends `${infer Before}**${infer After}`
  ? `${Before}${string}${Key<After>}`
  : Pattern extends `${infer Before}*${infer After}`
    ? `${Before}${number}${Key<After>}`
    : Pattern;

type PatternOf<Term> = Term extends `${infer Pattern} ${string}` ? Pattern : Term;
type AxesOf<Term> = Term extends `${string} ${infer Axes}` ? Axes : null;
type RequiredKey<Term> = PatternOf<Term> extends `${string}?` ? never : Key<PatternOf<Term> & string>;
type OptionalKey<Term> = PatternOf<Term> extends `${infer Pattern}?` ? Key<Pattern> : never;

/** The inputs of a program, by name. */
export type InputsOf<Text extends string, X> = string extends Text
  ? Readonly<Record<string, X>>
  : { readonly [Term in InputTerms<Text> as RequiredKey<Term>]: X } & {
      readonly [Term in InputTerms<Text> as OptionalKey<Term>]?: X;
    };

/** The outputs of a program, by name. */
export type OutputsOf<Text extends string, X> = string extends Text
  ? Readonly<Record<string, X>>
  : { readonly [Term in OutputTerms<Text> as RequiredKey<Term>]: X } & {
      readonly [Term in OutputTerms<Text> as OptionalKey<Term>]?: X;
    };

/** The inputs of a program on a batch. Each sequence has its own states, such as `state@0`. */
export type BatchInputsOf<Text extends string, X> = Omit<InputsOf<Text, X>, keyof OutputsOf<Text, X>> &
  Readonly<Record<string, X>>;

/** The letters of a string. */
type Letter<Letters> = Letters extends `${infer First}${infer Rest}` ? First | Letter<Rest> : never;

/** Nested lists with one level per axis, except the axes of `Gone`. */
type ListOf<Axes, Gone extends string> = Axes extends null
  ? Lists
  : Axes extends `${infer One}|${infer Other}`
    ? ListOf<One, Gone> | ListOf<Other, Gone>
    : Axes extends ''
      ? number
      : Axes extends `'${infer Rest}`
        ? ListOf<Rest, Gone>
        : Axes extends `(${string})${infer Rest}`
          ? readonly ListOf<Rest, Gone>[]
          : Axes extends `${infer First}${infer Rest}`
            ? First extends Letter<Gone>
              ? ListOf<Rest, Gone>
              : readonly ListOf<Rest, Gone>[]
            : never;

/** The inputs of a definition at one index of each letter of `Gone`, as nested lists. */
export type InputLists<Text extends string, Gone extends string> = string extends Text
  ? Readonly<Record<string, Lists>>
  : { readonly [Term in InputTerms<Text> as RequiredKey<Term>]: ListOf<AxesOf<Term>, Gone> } & {
      readonly [Term in InputTerms<Text> as OptionalKey<Term>]?: ListOf<AxesOf<Term>, Gone>;
    };

/** The outputs of a definition at one index of each letter of `Gone`, as nested lists. */
export type OutputLists<Text extends string, Gone extends string> = string extends Text
  ? Readonly<Record<string, Lists>>
  : { readonly [Term in OutputTerms<Text> as RequiredKey<Term>]: ListOf<AxesOf<Term>, Gone> } & {
      readonly [Term in OutputTerms<Text> as OptionalKey<Term>]?: ListOf<AxesOf<Term>, Gone>;
    };

/** A number for each letter: an index or a length. */
export type IndexOf<Letters extends string> = { readonly [L in Letter<Letters>]: number };
