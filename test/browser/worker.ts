/** @file Trains in a worker, from the state that it is sent, and posts each event. */
import type { RunState } from '../../src/training/index.ts';
import { smallRun } from '../support/training/run.ts';

const self = globalThis as unknown as {
  onmessage(event: { readonly data: RunState | undefined }): void;
  postMessage(message: unknown): void;
};

self.onmessage = async ({ data }) => {
  for await (const event of smallRun(data)) self.postMessage(event);
  self.postMessage(null);
};
