/** @file What every language model here is: functions of plain records, with an explicit state. */
import type { Mode } from '../nn/retention/normalised.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';

/** What the tokens so far leave behind: how many there were, and each layer's state. */
export interface ModelState {
  readonly position: number;
  readonly layers: readonly Value[];
}

/** Logits [b, t, vocabulary] and the state after the last token. */
export interface ModelResult {
  readonly logits: Value;
  readonly state: ModelState;
}

/** A family of language models: `C` its configuration, `P` its parameters. */
export interface LanguageModel<C, P extends Tree> {
  readonly name: string;
  /** Checks a configuration. Throws on the first thing that is wrong, with the remedy. */
  check(config: C): void;
  /** The state before the first token, beside the values of `params`. */
  start(params: P, config: C, batch: number): ModelState;
  /** Continues from a state with `tokens` [b, t] (kind index), in a mode. */
  forward(params: P, config: C, tokens: Value, state: ModelState, mode: Mode): ModelResult;
}
