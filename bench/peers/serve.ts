/** @file Answers the requests of `bench/peers.ts` in the process of a library: results of works, and their times. */
import { createInterface } from 'node:readline';

/** A request: a work, its type and size. Without seconds, it asks for the result. */
export interface Request {
  readonly work: string;
  readonly type: 'f32' | 'f64';
  readonly n?: number;
  readonly seconds?: number;
}

/** A reply: the version at the start, then numbers of the result in base64, seconds per call, or why there are none. */
export type Reply =
  | { readonly version: string }
  | { readonly result: string }
  | { readonly seconds: number }
  | { readonly failed: string };

/** A work with its inputs. `run` computes the result, and `read` returns all its numbers. */
export interface Work {
  run(): unknown;
  read(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** The works of a library. Each throws where the library lacks something. */
export type Works = { readonly [name: string]: (request: Request) => Work | Promise<Work> };

const say = (reply: Reply): void => console.log(JSON.stringify(reply));

/** Answers the requests on stdin, one a line, until it ends. */
export async function serve(version: string, works: Works): Promise<void> {
  const prepared = new Map<string, Work>();
  say({ version });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    const { work, type, n, seconds } = request;
    const key = `${work} ${type} ${n}`;
    try {
      if (works[work] === undefined) throw new Error('not written for this library');
      const found = prepared.get(key) ?? (await works[work](request));
      prepared.set(key, found);
      if (seconds === undefined) say({ result: base64(await found.read()) });
      else say({ seconds: await timed(found.run, seconds) });
    } catch (error) {
      say({ failed: (error instanceof Error ? error.message : String(error)).split('\n')[0]! });
    }
  }
}

const base64 = (numbers: ArrayLike<number>): string =>
  Buffer.from(Float64Array.from(numbers).buffer).toString('base64');

/** The mean seconds of a call, over as many calls as fill the given seconds, at least one. */
async function timed(run: Work['run'], seconds: number): Promise<number> {
  const began = performance.now();
  let [calls, batch] = [0, 1];
  while (performance.now() - began < seconds * 1e3) {
    const from = performance.now();
    for (let i = 0; i < batch; i++) {
      const pending = run();
      if (pending instanceof Promise) await pending;
    }
    calls += batch;
    // short calls go in batches, so that the clock does not count
    batch = performance.now() - from < seconds * 125 ? Math.min(2 * batch, 1024) : Math.max(batch >> 1, 1);
  }
  return (performance.now() - began) / 1e3 / calls;
}
