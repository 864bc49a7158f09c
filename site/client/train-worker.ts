/** @file Trains one model in a worker: posts each event, samples at its checkpoints, and the state where it is stopped. */
import type { RunState, TrainEvent } from '../../src/training/index.ts';
import type { Side, TrainState } from '../labs/train/controls.ts';
import { type LabRun, type ModelOf, runOf, weightsIn, writtenBy } from '../labs/train/run.ts';

/** What the page asks: to train from a state or from the beginning, to stop, for a file of weights, or to read one. */
export type TrainOrder =
  | { readonly kind: 'train'; readonly state: TrainState; readonly side: Side; readonly from?: RunState }
  | { readonly kind: 'stop' }
  | { readonly kind: 'weights'; readonly state: TrainState; readonly side: Side; readonly from: RunState }
  | { readonly kind: 'open'; readonly bytes: Uint8Array; readonly name: string };

/** What the worker posts besides the events of training. */
export type TrainNews =
  | Exclude<TrainEvent, { readonly kind: 'begin' }>
  | {
      readonly kind: 'begin';
      readonly step: number;
      readonly model: ModelOf;
      readonly entropy: number;
      readonly command: string;
      readonly backend: string;
      /** Its adapter or its threads, in words; empty if there is one thread. */
      readonly device: string;
      /** Why faster backends were passed over. */
      readonly passedOver: readonly string[];
    }
  | { readonly kind: 'sample'; readonly step: number; readonly text: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly name: string }
  | { readonly kind: 'opened'; readonly model: ModelOf; readonly step: number; readonly text: string };

const self = globalThis as unknown as {
  onmessage(event: { readonly data: TrainOrder }): void;
  postMessage(message: TrainNews): void;
};

/** Characters of a sample. */
const sampleLength = 120;

const { port1, port2 } = new MessageChannel();
/** Lets messages in: a call on one thread computes in this one. */
const rest = (): Promise<void> =>
  new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(null);
  });

let signal = { aborted: false };

const beginOf = (run: LabRun, { step, ran }: Extract<TrainEvent, { readonly kind: 'begin' }>): TrainNews => {
  const device = ran?.adapter || (ran?.threads && ran.threads > 1 ? `${ran.threads} threads` : '');
  const { backend = 'cpu', passedOver = [] } = ran ?? {};
  const { model, entropy, command } = run;
  return { kind: 'begin', step, model, entropy, command: command(backend), backend, device, passedOver };
};

async function training(state: TrainState, side: Side, from: RunState | undefined): Promise<void> {
  const own = { aborted: false };
  signal = own;
  const run = runOf(state, side);
  for await (const event of run.events(from, own)) {
    self.postMessage(event.kind === 'begin' ? beginOf(run, event) : event);
    if (event.kind === 'checkpoint' && !own.aborted)
      self.postMessage({ kind: 'sample', step: event.step, text: run.sample(event.state.params, sampleLength) });
    await rest();
  }
  self.postMessage({ kind: 'end' });
}

async function follow(order: TrainOrder): Promise<void> {
  if (order.kind === 'stop') signal.aborted = true;
  if (order.kind === 'train') await training(order.state, order.side, order.from);
  if (order.kind === 'weights') {
    const { params, step } = order.from;
    const { model, weights } = runOf(order.state, order.side);
    self.postMessage({ kind: 'file', bytes: weights(params, step), name: `${model.preset}-${step}.safetensors` });
  }
  if (order.kind === 'open') {
    const { model, step, characters, params } = weightsIn(order.bytes, order.name);
    self.postMessage({ kind: 'opened', model, step, text: writtenBy(model, characters, params, sampleLength) });
  }
}

self.onmessage = ({ data }) => {
  follow(data).catch((error: unknown) =>
    self.postMessage({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};
