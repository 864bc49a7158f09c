/** @file A long job in several processes of this same program: its parts are computed wherever one is free, and told in order. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The hidden option that makes a command a worker, which computes the parts that it is asked for. */
export const workerOption = '--worker';

/** In a worker: answers with results until nobody asks any more. */
export function serveResults<R>(resultOf: (part: number) => R): void {
  process.on('message', (part: number) => process.send!(resultOf(part)));
}

/**
 * The results of parts 0 … count − 1 of this command, computed by as many workers as there are cores; `onResult` is told of each in
 * order. Throws where a worker ends before its parts do.
 */
export async function resultsOfWorkers<R>(count: number, onResult: (result: R) => void): Promise<R[]> {
  const results: (R | undefined)[] = Array.from({ length: count });
  let [next, told] = [0, 0];
  const worker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(process.argv[1]!, [...process.argv.slice(2), workerOption], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      let at = -1;
      const give = (): void => {
        if (next < count) {
          at = next++;
          child.send(at);
        } else child.disconnect();
      };
      child.on('message', (result) => {
        results[at] = result as R;
        for (; told < count && results[told] !== undefined; told++) onResult(results[told]!);
        give();
      });
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker ended with ${signal ?? `status ${code}`} at part ${at}`));
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(count, availableParallelism()) }, worker));
  return results as R[];
}
