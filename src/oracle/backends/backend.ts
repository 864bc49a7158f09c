/** @file The interface of a backend: it is asked for the numbers of an operator, and may answer anything. */
import type { StoredTensor } from '../../io/safetensors.ts';
import type { Case } from '../case.ts';

/** The types in which a backend can be asked to compute. */
export const dtypes = ['F32', 'F64'] as const;

/** A type in which a backend computes. */
export type Dtype = (typeof dtypes)[number];

/** What is asked: an operator in a mode on a case, whose numbers are numbers of the type. */
export interface Question {
  readonly operator: string;
  readonly mode: string;
  readonly dtype: Dtype;
  /** Whether the gradients of Σ output · cotangent are asked for too. */
  readonly gradients: boolean;
  readonly c: Case;
}

/** How a backend can fail to answer. */
export type FailureKind =
  /** The command does not exist or may not be run. */
  | 'not-found'
  /** It ended before it was asked to. */
  | 'exited'
  /** A signal ended it. */
  | 'crashed'
  /** No answer within the time for one question, or for all of them. */
  | 'timeout'
  /** Its output is no message: text, or something cut off. */
  | 'not-a-message'
  /** It answered more than it can have been asked for. */
  | 'too-large'
  /** It answered another question. */
  | 'wrong-id'
  /** A well-formed message that is not what the protocol expects here. */
  | 'wrong-message'
  /** It says itself that it failed. */
  | 'said-so'
  /** It failed so often in a row that it is not asked any more. */
  | 'given-up';

/** A failure, and what the backend last wrote on its standard error. */
export interface Failure {
  readonly kind: FailureKind;
  /** One sentence for a person. */
  readonly message: string;
  readonly stderr: readonly string[];
}

/** What came back. Numbers are named `out/…` and `grad/…`, and are not yet looked at. */
export type Answer =
  | { readonly kind: 'numbers'; readonly tensors: ReadonlyMap<string, StoredTensor> }
  /** The backend cannot answer this question, and says why. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** What a backend has of an operator. */
export interface Offer {
  readonly modes: readonly string[];
  readonly dtypes: readonly Dtype[];
  readonly gradients: boolean;
}

/** What a backend says that it is and has. */
export interface Description {
  readonly name: string;
  readonly operators: Readonly<Record<string, Offer>>;
}

/** Something that answers, one question at a time. It never throws for what the backend does, and never hangs. */
export interface Backend {
  readonly description: Description;
  /** Whether every new shape costs it a compilation: cases then have few shapes. */
  readonly compiles: boolean;
  answer(question: Question): Promise<Answer>;
  /** Ends it; nothing is left behind. */
  close(): Promise<void>;
}
