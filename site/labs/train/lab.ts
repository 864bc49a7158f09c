/** @file The lab of training: two models side by side in the page, on the same batches. */
import type { WorkerLab } from '../shared/lab.ts';
import { trainControls } from './controls.ts';

export const trainLab: WorkerLab = {
  name: 'train',
  title: 'Train two models side by side',
  short: 'Train',
  description:
    'DenseRetNet and RetNet, or two others of one size, learn the built-in stories in this page: losses, speed, and what they write.',
  lead: 'Two models of one size learn to write small stories in this page, by the same steps as <code>densessm train</code>.',
  controls: trainControls,
  script: 'assets/train.js',
  would:
    'With JavaScript, this page trains two models of your choice in workers, on WebGPU if there is an adapter and else in WebAssembly. It draws their losses, shows what they write as they learn, and lets you download the weights.',
  about: `Lines are the loss of each batch, smoothed; dots that on text which is not trained on, in nats a token: e to this power is among how many characters a model still hesitates. The dashed line is reached by knowing how often each letter occurs. Both models see the same batches, of 2 sequences, at the width that brings them nearest to the number of parameters. They share this machine, so their speeds are of both together.
DenseRetNet adds the states of shallower layers to keys and values, <a href="../spec/21-dense-keys-and-values.html#eq-21">Eqs. 21 to 24</a>; RetNet has <a href="../spec/19-retention.html#eq-19">Eqs. 19 and 20</a> alone. A hidden page pauses and loses no step. Once a run starts, the address has all its settings, and the backend that it took: the link repeats it, on WebAssembly to the last bit. Weights are safetensors files; opened again, they write. Larger models and your own text take <a href="../docs/training.html">a terminal</a>.`,
  tries: [
    {
      state: { rate: '0.05', steps: 150, on: 'wasm' },
      says: '<strong>A rate ten times as high turns the order round.</strong> RetNet is ahead at 0.005, DenseRetNet at 0.05: one run is no ranking.',
    },
    {
      state: { left: 'transformer', right: 'retnet', steps: 200, on: 'wasm' },
      says: '<strong>Attention is behind.</strong> After these 200 steps, RetNet’s state of fixed size has learnt more than a Transformer that sees every token.',
    },
    {
      state: { left: 'dense-retnet', right: 'dense-retnet', steps: 100, on: 'wasm' },
      says: '<strong>The same model twice.</strong> Two workers, one seed: every loss is equal, to the last bit.',
    },
  ],
};
