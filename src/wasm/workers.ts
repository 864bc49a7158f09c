/** @file Starts workers that compute chunks of a program: worker threads in Node, Web Workers in a page that may share memory. */
import { counters } from './chunks.ts';
import type { Memory } from './runtime.ts';

/** What a worker is sent: a module with `serve`, its memory, and the address of the worker's panels. One worker reports the end of each run. */
interface Start {
  readonly module: object;
  readonly memory: Memory;
  readonly room: number;
  readonly reports: boolean;
}

/** Workers that serve a program. */
export interface Team {
  /** Begins a run, and waits for its end. Throws an Error when a worker breaks, and when the team is ended. */
  run(begin: () => void): Promise<void>;
  /** Ends the workers. */
  end(): void;
}

/** What a worker says: that it is ready, then that a run has ended; or why it does not start, or broke. */
interface Heard {
  message(): void;
  failed(why: string): void;
}

/** A worker, in Node or in a page. */
interface Worker {
  begin(start: Start, heard: Heard): void;
  /** Whether it keeps the process alive. */
  hold(isHeld: boolean): void;
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
  readonly navigator?: { readonly hardwareConcurrency?: number };
};

// without an import, so that bundlers for pages find no module of Node
const nodeModule = globalThis.process?.getBuiltinModule;

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
const text = `const begin = (port, { module, memory, room, reports }) => {
  const integers = new Int32Array(memory.buffer);
  const { serve } = new WebAssembly.Instance(module, { js: { memory } }).exports;
  port.postMessage('ready');
  try {
    for (let end = 0; Atomics.load(integers, ${counters.failed / 4}) === 0; ) {
      end = serve(room, end);
      if (reports) port.postMessage('done');
    }
  } catch (error) {
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
    begin: (start, heard) => {
      worker.on('message', heard.message);
      worker.on('error', (error: Error) => heard.failed(error.message));
      worker.on('exit', () => heard.failed('it ended'));
      worker.postMessage(start);
    },
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

function webWorker(): Worker {
  const own = 'onmessage = ({ data }) => begin(self, data);';
  const url = URL.createObjectURL(new Blob([text, own], { type: 'text/javascript' }));
  const worker = new global.Worker!(url);
  return {
    begin: (start, heard) => {
      worker.onmessage = () => {
        URL.revokeObjectURL(url);
        heard.message();
      };
      worker.onerror = ({ message }) =>
        heard.failed(message ?? "the page's content security policy may forbid workers of blob:");
      worker.postMessage(start);
    },
    hold: () => undefined,
    end: () => worker.terminate(),
  };
}

/** Starts a worker for each room, and waits until they serve. Throws an Error if one does not start. */
export async function startTeam(module: object, memory: Memory, rooms: readonly number[]): Promise<Team> {
  const integers = new Int32Array(memory.buffer);
  const workers: Worker[] = [];
  let ended: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // one that nobody waits for is not an error of the process
  failure.catch(() => {});
  const end = (): void => {
    fail(new Error('it was disposed of'));
    for (const worker of workers) worker.end();
  };
  const started = rooms.map(async (room, k) => {
    const worker = nodeModule === undefined ? webWorker() : nodeWorker();
    workers.push(worker);
    await new Promise<void>((resolve) => {
      let isReady = false;
      const message = (): void => {
        if (isReady) ended();
        else resolve();
        isReady = true;
      };
      const failed = (why: string): void => fail(new Error(why));
      worker.begin({ module, memory, room, reports: k === 0 }, { message, failed });
    });
    worker.hold(false);
  });
  try {
    await Promise.race([Promise.all(started), failure]);
  } catch (error) {
    end();
    throw error;
  }
  const run = async (begin: () => void): Promise<void> => {
    const [reporter] = workers;
    reporter!.hold(true);
    const over = new Promise<void>((resolve) => {
      ended = resolve;
    });
    begin();
    await Promise.race([over, failure]);
    // the report may come before the reason
    if (Atomics.load(integers, counters.failed / 4) !== 0) await failure;
    reporter!.hold(false);
  };
  return { run, end };
}
