/** @file Runs the parts of a long job in several processes of this same program, and hands over the results in order. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { killAfterwards } from '../oracle/backends/guard.ts';

/** The hidden option that makes a command a worker, which computes the parts that it is asked for. */
export const workerOption = '--worker';

/** In a worker: answers with results until the parent disconnects or has ended. */
export function serveResults<R>(resultOf: (part: number) => R | Promise<R>): void {
  // after a disconnect the result is dropped
  process.on('message', async (part: number) => process.send!(await resultOf(part), undefined, undefined, () => {}));
}

/**
 * The results of parts 0 … count − 1 of this command, computed by one worker per core; `onResult` gets each of them in order.
 * No worker outlives this call, or this process. Throws when a worker ends early.
 */
export async function resultsOfWorkers<R>(count: number, onResult: (result: R) => void): Promise<R[]> {
  const workers = Array.from({ length: Math.min(count, availableParallelism()) }, startWorker);
  const callOff = killAfterwards(...workers.flatMap(({ pid }) => pid ?? []));
  const results: (R | undefined)[] = Array.from({ length: count });
  let next = 0;
  let handedOver = 0;
  const work = (worker: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let part = -1;
      const give = (): void => {
        if (next < count) {
          part = next++;
          worker.send(part);
        } else worker.disconnect();
      };
      worker.on('message', (result) => {
        results[part] = result as R;
        for (; handedOver < count && results[handedOver] !== undefined; handedOver++) onResult(results[handedOver]!);
        give();
      });
      worker.on('error', reject);
      worker.on('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker ended with ${signal ?? `status ${code}`} at part ${part}`));
      });
      give();
    });
  try {
    await Promise.all(workers.map(work));
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    callOff();
  }
  return results as R[];
}

const startWorker = (): ChildProcess =>
  fork(process.argv[1]!, [...process.argv.slice(2), workerOption], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
