/** @file Starts workers that compute chunks of a program: worker threads in Node, Web Workers in a page that may share memory. */
import { counters } from './chunks.ts';
import type { Memory } from './runtime.ts';

/** What a worker is sent: a module with `serve`, its memory, and the address of the worker's panels. */
interface Start {
  readonly module: object;
  readonly memory: Memory;
  readonly room: number;
}

/** Workers that serve a program. */
export interface Team {
  /** Settles when a worker has failed: throws its error. */
  readonly failure: Promise<never>;
  /** Ends the workers. */
  end(): void;
}

/** A worker, in Node or in a page. */
interface Worker {
  /** Sends it the program. `ready` runs when it serves, and `failed` with the reason if it does not start, or breaks later. */
  begin(start: Start, ready: () => void, failed: (why: string) => void): void;
  end(): void;
}

/** The Web Workers of a page: the project's library types lack the DOM's. */
interface WebWorker {
  postMessage(message: Start): void;
  terminate(): void;
  onmessage: (() => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
}

const global = globalThis as {
  readonly Worker?: new (url: string) => WebWorker;
  readonly crossOriginIsolated?: boolean;
  readonly document?: object;
  readonly navigator?: { readonly hardwareConcurrency?: number };
};

// without an import, so that bundlers for pages find no module of Node
const nodeModule = globalThis.process?.getBuiltinModule;

/** Whether this thread may sleep: the main thread of a page may not. */
export const maySleep = global.document === undefined;

/** The number of threads to start: as many as the machine runs at a time, unless given. 1 where they cannot share memory: in a page that is not isolated. */
export function threadsFor(most: number, asked?: number): number {
  if (nodeModule !== undefined) return asked ?? Math.min(most, nodeModule('node:os').availableParallelism());
  if (global.crossOriginIsolated !== true) return 1;
  return asked ?? Math.min(most, global.navigator?.hardwareConcurrency ?? 1);
}

/**
 * The program of a worker: the whole text, so that it needs no file of its own, which a bundler would have to find. A worker that breaks
 * says so to those that wait.
 */
const text = `const begin = (port, { module, memory, room }) => {
  const { serve } = new WebAssembly.Instance(module, { js: { memory } }).exports;
  port.postMessage('ready');
  try {
    serve(room);
  } catch (error) {
    const integers = new Int32Array(memory.buffer);
    Atomics.store(integers, ${counters.failed / 4}, 1);
    Atomics.add(integers, ${counters.done / 4}, 1);
    Atomics.notify(integers, ${counters.done / 4});
    throw error;
  }
};
`;

function nodeWorker(): Worker {
  const { Worker } = nodeModule!('node:worker_threads');
  const own = `const { parentPort } = require('node:worker_threads');\nparentPort.once('message', (start) => begin(parentPort, start));`;
  // loaders of modules that this process was started with are not needed, and take long
  const worker = new Worker(text + own, { eval: true, execArgv: [] });
  return {
    begin: (start, ready, failed) => {
      worker.once('message', () => {
        // from now on it does not keep the process alive
        worker.unref();
        ready();
      });
      worker.on('error', (error: Error) => failed(error.message));
      worker.on('exit', () => failed('it ended'));
      worker.postMessage(start);
    },
    end: () => void worker.terminate(),
  };
}

function webWorker(): Worker {
  const own = 'onmessage = ({ data }) => begin(self, data);';
  const url = URL.createObjectURL(new Blob([text, own], { type: 'text/javascript' }));
  const worker = new global.Worker!(url);
  return {
    begin: (start, ready, failed) => {
      worker.onmessage = () => {
        URL.revokeObjectURL(url);
        ready();
      };
      worker.onerror = ({ message }) =>
        failed(message ?? "the page's content security policy may forbid workers of blob:");
      worker.postMessage(start);
    },
    end: () => worker.terminate(),
  };
}

/** Starts a worker for each room, and waits until they serve. Throws an Error if one does not start. */
export async function startTeam(module: object, memory: Memory, rooms: readonly number[]): Promise<Team> {
  const workers: Worker[] = [];
  const end = (): void => {
    for (const worker of workers) worker.end();
  };
  let fail: (error: Error) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // one that nobody waits for is not an error of the process
  failure.catch(() => {});
  try {
    const ready = rooms.map((room) => {
      const worker = nodeModule === undefined ? webWorker() : nodeWorker();
      workers.push(worker);
      return new Promise<void>((resolve) =>
        worker.begin({ module, memory, room }, resolve, (why) => fail(new Error(why))),
      );
    });
    await Promise.race([Promise.all(ready), failure]);
  } catch (error) {
    end();
    throw error;
  }
  return { failure, end };
}
