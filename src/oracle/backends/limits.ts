/** @file Limits of the time that a backend may take and of its failures. */

/** Times are in milliseconds. */
export interface Limits {
  /** From the start of a process to its first answer: a Python backend may import for a minute. */
  readonly start: number;
  /** For the answer to one question. */
  readonly question: number;
  /** For the answer to the first question of a shape, more than for others, if the backend compiles. */
  readonly compile: number;
  /** For all answers together, starts included. */
  readonly total: number;
  /** Restarts after failures in a row; after that it is given up. */
  readonly restarts: number;
  /** For its end after SIGTERM. */
  readonly grace: number;
}

export const defaultLimits: Limits = {
  start: 120_000,
  question: 30_000,
  compile: 600_000,
  total: 1_800_000,
  restarts: 3,
  grace: 2_000,
};
