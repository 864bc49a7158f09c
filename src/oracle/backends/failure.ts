/** @file Makes failures: as values, and as the one error that opening a backend can throw. */
import { InputError } from '../../tensor/errors.ts';
import type { Failure, FailureKind } from './backend.ts';

/** A failure, with the lines on standard error if they are known yet. */
export const failed = (kind: FailureKind, message: string, stderr: readonly string[] = []): Failure => ({
  kind,
  message,
  stderr,
});

/** Whether a result is a failure. */
export const isFailure = <T extends object>(x: T | Failure): x is Failure => 'stderr' in x;

/** A backend that could not be opened. */
export class BackendError extends InputError {
  readonly failure: Failure;

  constructor(command: string, failure: Failure) {
    const lines = failure.stderr.map((line) => `\n  ${line}`).join('');
    super(`backend ${JSON.stringify(command)}: ${failure.message}${lines && `; its standard error ends with${lines}`}`);
    this.failure = failure;
  }
}
