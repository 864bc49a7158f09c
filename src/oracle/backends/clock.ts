/** @file Measures waiting time, without the time in which this process was busy. */

/** So often the clock looks; a gap of several such times was this process's own. */
const TICK = 50;

/** A running clock. */
export interface Clock {
  /** When the time is over; never, once it is stopped. */
  readonly late: Promise<void>;
  /** Stops it. Returns the milliseconds that it has counted. */
  stop(): number;
}

/**
 * A clock that counts only time in which this process could have listened: while it computes other things, a backend can be neither
 * late nor heard.
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
