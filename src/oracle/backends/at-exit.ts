/** @file What must not be left behind when this process ends. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `clean`, which may not wait for anything, when this process exits or is ended by Ctrl-C, SIGTERM or SIGHUP; what is
 * registered last is cleaned first. Where nobody else listens to the signal, it then ends this process as it would have without.
 * Returns what calls it off.
 */
export function atExit(clean: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    callOff();
    clean();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const callOff = (): void => {
    process.off('exit', clean);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.prependListener('exit', clean);
  for (const signal of signals) process.prependListener(signal, onSignal);
  return callOff;
}
