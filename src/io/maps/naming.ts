/** @file A project's names for one of our models: its tensors and its config.json, both ways. */
import type { LanguageModel } from '../../models/index.ts';
import type { Tree } from '../../tensor/tree.ts';
import type { TensorsOnDisk } from '../safetensors-file.ts';
import type { Fields } from './fields.ts';
import type { Place } from './places.ts';

/** Names of a project for a model with configuration `C`. */
export interface Naming<C> {
  /** The project, such as `transformers`. */
  readonly project: string;
  readonly model: Pick<LanguageModel<C, Tree, Tree>, 'name' | 'check' | 'shapes'>;
  /** Whether a config.json is one of the project for this model. */
  recognises(config: Readonly<Record<string, unknown>>): boolean;
  /** Our configuration. Throws on settings that our model does not have. */
  configIn(fields: Fields, found: TensorsOnDisk): C;
  /** Their config.json. Throws, with the reason, where no configuration of theirs is the same function. */
  configOut(config: C): Record<string, unknown>;
  places(config: C): Place[];
}

/** A naming of some model. */
export type AnyNaming = Naming<Readonly<Record<string, unknown>>>;

/** Forgets the type of a configuration. */
export const naming = <C>(of: Naming<C>): AnyNaming => of as unknown as AnyNaming;
