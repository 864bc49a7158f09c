/** @file The data of failures: how to ask again, what is wrong in a case, and causes. */
import type { DType } from '../../io/dtypes.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Case, Memory, Settings, Values } from '../case.ts';

/** The seed and path that make fast-check draw the same question again. Without a path, all questions of the row are asked. */
export interface Replay {
  readonly seed: number;
  readonly path: string;
}

/** How far a wrong tensor is from the right one. */
export interface Deviation {
  readonly tensor: string;
  /** How many of its numbers are wrong. */
  readonly wrong: number;
  readonly of: number;
  /** The largest |error| / bound. */
  readonly ratio: number;
  /** The root mean square of the errors, as a share of that of the right numbers; ∞ where these are all zeros. */
  readonly relativeRms: number;
  /** The most numbers of the answer's type between an answered number and the right one. */
  readonly ulps: number;
}

/** What is wrong in a case. */
export interface CaseFailure {
  /** The kind of the failure, and its tensor. */
  readonly kind: string;
  readonly message: string;
  /** The wrong tensors; empty if the backend broke. */
  readonly tensors: readonly string[];
  readonly deviations: readonly Deviation[];
  /** What explains this case alone: known faults, other readings, a lower precision, other answers; null if that was not sought, as it takes long. */
  readonly explanations: readonly string[] | null;
}

/** A judged case. */
export interface JudgedCase {
  readonly replay: Replay;
  /** The lengths of the signature's letters. */
  readonly lengths: Readonly<Record<string, number>>;
  readonly settings: Settings;
  readonly values: Values;
  readonly memory: Memory;
  /** The inputs and cotangents that are all zeros. */
  readonly zeros: readonly string[];
  /** What is wrong; null if it is right. */
  readonly failure: CaseFailure | null;
}

/** What all failing cases of a cause have in common. */
export interface Condition {
  readonly says: string;
  /** How many of the right cases have it too, and how many right cases there are. */
  readonly right: number;
  readonly of: number;
}

/** A cause of failures: what explains them, and in which cases. */
export interface Cause {
  /** What explains the failures; if nothing does, the kind of the failure or the tensors that are wrong. */
  readonly says: string;
  /** Whether `says` is an explanation. */
  readonly isExplained: boolean;
  /** The number of failing cases that it explains. */
  readonly cases: number;
  /** More failing cases, in which the same is wrong, but too much for one explanation, or too little. */
  readonly alike: number;
  /** In how many of all these cases each tensor is wrong. */
  readonly wrongIn: Readonly<Record<string, number>>;
  /** What all these cases have in common; null if that tells nothing. */
  readonly condition: Condition | null;
  /** The first of them. */
  readonly replay: Replay;
}

/** A tensor of an answer, beside the right one and its bounds. */
export interface ComparedNumbers {
  readonly shape: Shape;
  /** The letters of its axes. */
  readonly axes: readonly string[];
  readonly dtype: DType;
  readonly answered: Float64Array;
  readonly expected: Float64Array;
  readonly bounds: Float64Array;
  /** Numbers that differ by whole periods are the same. */
  readonly period?: number;
}

/** A case as it was sent, and the tensors of the answer that can be compared, by name. */
export interface FailingNumbers {
  readonly c: Case;
  readonly tensors: Readonly<Record<string, ComparedNumbers>>;
}

/** The numbers of a finding: of the smallest case, and of the largest of those that failed first. */
export interface FindingNumbers {
  readonly smallest: FailingNumbers;
  readonly largest: FailingNumbers;
}

/** How well an answer fits a way to compute: the largest |error| / bound there. */
export interface Fit {
  readonly says: string;
  readonly ratio: number;
}
