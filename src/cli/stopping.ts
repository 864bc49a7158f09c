/** @file Lets a command end in order at Ctrl-C, at a request to end, and when its terminal is closed. */
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a command asks to know whether it is to stop. */
export interface Stopping {
  readonly signal: AbortSignal;
  /** The exit status of a program that the signal would have ended: 130 for Ctrl-C. */
  status(): number;
  /** No longer waits for signals. */
  done(): void;
}

/** Aborts at the first signal that ends programs; a second one ends this program at once. */
export function untilStopped(): Stopping {
  const controller = new AbortController();
  let status = 128 + constants.signals.SIGINT;
  const done = (): void => {
    for (const name of signals) process.off(name, stop);
  };
  function stop(name: (typeof signals)[number]): void {
    status = 128 + constants.signals[name];
    done();
    controller.abort();
  }
  for (const name of signals) process.on(name, stop);
  return { signal: controller.signal, status: () => status, done };
}
