/** @file The interface of a backend: it is asked for the numbers of an operator, and may answer anything. */
import type { Profile } from '../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../io/safetensors.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { BatchKind } from '../batch-kind.ts';
import type { Case, Tensors } from '../case.ts';
import type { Domain } from '../domain/domain.ts';

/** The types in which a backend can be asked to compute. */
export const dtypes = ['F32', 'F64', 'BF16', 'F16'] as const;

/** A type in which a backend computes. */
export type Dtype = (typeof dtypes)[number];

/** The kind of a batch, and the tensors by which kernels know its sequences: `cuSeqlens` [n + 1], or `mask` [b, t] of 1 and 0. */
export interface AskedBatch {
  readonly kind: BatchKind;
  readonly tensors: Tensors;
}

/** A question: an operator in a mode on a case, whose numbers are numbers of the type. */
export interface Question {
  readonly operator: string;
  readonly mode: string;
  readonly dtype: Dtype;
  /** Whether it asks for the gradients of Σ output · cotangent too. */
  readonly gradients: boolean;
  readonly c: Case;
  /** The batch, if sequences have unequal lengths. */
  readonly batch?: AskedBatch | undefined;
  /** The intermediates that the answer may have too, by name, with their shapes. */
  readonly taps?: Readonly<Record<string, Shape>>;
}

/** The kinds of failures of a backend. */
export type FailureKind =
  /** The command does not exist or may not be run. */
  | 'not-found'
  /** It ended too early. */
  | 'exited'
  /** A signal ended it. */
  | 'crashed'
  /** No answer within the time for one question. */
  | 'timeout'
  /** No answer, as the time for all questions is over: this says nothing about the backend. */
  | 'out-of-time'
  /** Its output is no message: text, or something cut off. */
  | 'not-a-message'
  /** Its answer is larger than any right one. */
  | 'too-large'
  /** It answered another question. */
  | 'wrong-id'
  /** A well-formed message that the protocol does not allow here. */
  | 'wrong-message'
  /** It reports an error. */
  | 'said-so'
  /** It failed too often in a row. */
  | 'given-up';

/** A failure, with the backend's last lines on standard error. */
export interface Failure {
  readonly kind: FailureKind;
  /** One sentence for a person. */
  readonly message: string;
  readonly stderr: readonly string[];
}

/** The answer to a question. Numbers are named `out/…`, `grad/…` and `tap/…`, and not yet checked. */
export type Answer =
  | { readonly kind: 'numbers'; readonly tensors: ReadonlyMap<string, StoredTensor> }
  /** The backend cannot answer this question, and says why. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** The types of an answer's tensors: of outputs and gradients, and of states and their gradients, which kernels keep in F32. */
export const answerTypes = (dtype: Dtype, isState: boolean): readonly Dtype[] =>
  isState && (dtype === 'BF16' || dtype === 'F16') ? [dtype, 'F32'] : [dtype];

/**
 * Tensors of answers to which workers add parts in the type of the answer and in any order, by name (`grad/k`), with the letters of the axes
 * for each of whose entries one part is added.
 */
export type Atomic = Readonly<Record<string, string>>;

/** A backend's modes and types of an operator. */
export interface Offer {
  readonly modes: readonly string[];
  readonly dtypes: readonly Dtype[];
  /** Whether it offers gradients, or the inputs of which it does. Their names are not checked yet. */
  readonly gradients: boolean | readonly string[];
  /** The profile that it declares for a type. */
  readonly precision?: Readonly<Partial<Record<Dtype, Profile>>>;
  /** The form that it declares for a mode, by the mode's name. Neither name is checked yet. */
  readonly form?: Readonly<Record<string, string>>;
  /** Where it adds by atomic additions. Names are not checked yet. */
  readonly atomic?: Atomic;
  /** What part of the operator's cases it computes; all if absent. Names are not checked yet. */
  readonly domain?: Domain;
  /** The modes that run batches of sequences of unequal lengths, by their kind. Their names are not checked yet. */
  readonly batches?: Readonly<Partial<Record<BatchKind, readonly string[]>>>;
}

/** A backend's name and the operators that it offers. */
export interface Description {
  readonly name: string;
  readonly operators: Readonly<Record<string, Offer>>;
}

/** What came of a question that was asked again. */
export interface Repeated {
  /** How many answers were computed. */
  readonly times: number;
  /** The last of them, which differs from the first answer; null if all are the same, bit for bit. */
  readonly answer: Answer | null;
}

/** Answers questions, one at a time. A fault of the backend is never thrown, and never hangs. */
export interface Backend {
  readonly description: Description;
  /** Whether it compiles for every new shape: cases then have few shapes. */
  readonly compiles: boolean;
  /** The longest sequence about which to ask, if programs grow with it: those of gpu.js unroll loops. */
  readonly longest?: number;
  answer(question: Question): Promise<Answer>;
  /**
   * Asks the last question again, up to some times, until an answer differs from the first. Null if it was not the last one, or if its process
   * is gone: then only `answer` asks it again. Absent if the backend keeps no question.
   */
  again?(question: Question, times: number): Promise<Repeated | null>;
  /** Ends its process, if questions share one: the next question starts a fresh one. */
  renew?(): Promise<void>;
  /** Ends it and all its processes. */
  close(): Promise<void>;
}
