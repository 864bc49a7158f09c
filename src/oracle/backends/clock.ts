/** @file Measures waiting time, without the time in which this process was busy. */

/** Milliseconds between two ticks. In a gap of several ticks this process was busy. */
const TICK = 50;

/** A running clock. */
export interface Clock {
  /** Resolves when the time is over; never, once the clock is stopped. */
  readonly late: Promise<void>;
  /** Stops it. Returns the milliseconds counted. */
  stop(): number;
}

/**
 * Starts a clock that counts only the time in which this process can listen: while it computes, a backend is neither late nor heard.
 */
export function startClock(milliseconds: number): Clock {
  let counted = 0;
  let last = performance.now();
  let timer: NodeJS.Timeout;
  const count = (): void => {
    const now = performance.now();
    if (now - last < 4 * TICK) counted += now - last;
    last = now;
  };
  const late = new Promise<void>((resolve) => {
    const wait = (): void => {
      timer = setTimeout(
        () => {
          count();
          if (counted < milliseconds) wait();
          else resolve();
        },
        Math.min(TICK, milliseconds - counted),
      );
    };
    wait();
  });
  return {
    late,
    stop() {
      clearTimeout(timer);
      count();
      return counted;
    },
  };
}
