/** @file The lab of dense states: what each layer still has of a change of layer 0's state, with and without the dense connection. */
import { changeOverTokens, medianShares, type Shares } from '../../src/measure/change-over-tokens.ts';
import type { Controls, StateOf } from './shared/controls.ts';
import { heatMap } from './shared/heat-map.ts';
import type { Lab, View } from './shared/lab.ts';
import { percent, percentSigned } from './shared/numbers.ts';
import { remembering } from './shared/remembering.ts';

/** Layers above layer 0, tokens from the changed one on, and random stacks of a draw. */
export const [layers, tokens, count] = [6, 8, 15];

/** The controls: the dense connection, the readings of what it hands on, the residual connection, the seed of the stacks. */
export const controls = {
  m: { label: 'shallow layers m', min: 0, max: layers, step: 1, start: 2 },
  gates: { label: 'gate weights ×', min: 0, max: 2, step: 0.25, start: 1 },
  carry: {
    label: 'carry (next token)',
    options: { raw: 'raw, h', fused: 'fused, h′' },
    start: 'raw',
  },
  pass: {
    label: 'pass (next layers)',
    options: { raw: 'raw, h', fused: 'fused, h′' },
    start: 'raw',
  },
  residual: { label: 'residual of Θ ×', min: 0, max: 1, step: 0.25, start: 0 },
  seed: { label: 'seed', min: 1, max: 10, step: 1, start: 1 },
} as const satisfies Controls;

type DenseState = StateOf<typeof controls>;

/** The shade of a share: none at 0, all from 100 % on. */
const heat = (share: number): number => Math.min(1, share);

/** Draws stacks, and measures them without the connection. */
const drawn = remembering((seed: number, residual: number) => {
  const measure = changeOverTokens({ layers, tokens, count, seed });
  return { measure, none: measure({ denseLayers: 0, residual }) };
});

/** What each stack has of a change with the chosen connection, and without one. */
export function measured({ m, gates, carry, pass, residual, seed }: DenseState): { dense: Shares[]; none: Shares[] } {
  const { measure, none } = drawn(seed, residual);
  return { dense: measure({ denseLayers: m, residual, gates, carry, pass }), none };
}

/** In how many stacks the deepest layer has more of the change at a token than in the same stack of another measurement. */
export const countAbove = (some: readonly Shares[], others: readonly Shares[], t: number): number =>
  some.filter((shares, i) => shares[layers]![t]! > others[i]![layers]![t]!).length;

/** The least and the most that a layer has at a token, in words. */
function rangeOf(stacks: readonly Shares[], t: number): string {
  const all = stacks.map((shares) => shares[layers]![t]!);
  return `${percent(Math.min(...all))} to ${percentSigned(Math.max(...all))}`;
}

function mapOf(shares: Shares): string {
  const cells = shares.map((row) =>
    row.map((share) => ({ heat: heat(share), text: percent(share), title: `${(100 * share).toPrecision(6)} %` })),
  );
  const named = (one: string, length: number) => Array.from({ length }, (_, i) => `${one} ${i}`);
  return heatMap(
    named('layer', layers + 1),
    Array.from({ length: tokens }, (_, t) => (t === 0 ? 't' : `+${t}`)),
    cells,
  );
}

function view(state: DenseState): View {
  const { dense, none } = measured(state);
  const [withIt, without] = [medianShares(dense), medianShares(none)];
  const last = tokens - 1;
  const at = (shares: Shares, t: number): string => `<strong>${percentSigned(shares[layers]![t]!)}</strong>`;
  const side = (title: string, shares: Shares): string =>
    `<figure class="share"><figcaption>${title}</figcaption><div class="table" tabindex="0" role="group" aria-label="${title}">${mapOf(shares)}</div></figure>`;
  return {
    says: `Medians: of a change of layer 0’s state, layer ${layers} has ${at(withIt, 0)} at the same token with m = ${state.m} (${rangeOf(dense, 0)}), and ${at(without, 0)} without the connection (${rangeOf(none, 0)}); ${last} tokens later, ${at(withIt, last)} and ${at(without, last)}. It has more with the connection in ${countAbove(dense, none, 0)} of ${count} stacks at the same token, in ${countAbove(dense, none, last)} later.`,
    figure: `<div class="shares">${side(`With m = ${state.m}: % of the change, median of ${count} stacks`, withIt)}
${side('Without the connection: % of the change, the same stacks', without)}</div>`,
  };
}

/** The lab of dense states. */
export const denseStatesLab: Lab<DenseState> = {
  name: 'dense-states',
  title: 'What a deep layer knows of a shallow state',
  short: 'Dense states',
  description:
    'A change of the lowest layer’s state, followed through layers and tokens, with dense hidden connections and without: m, gates, carry and pass.',
  lead: `In <a href="../spec/09-degradation.html#eq-9">Eq. 9</a>, a shallow state reaches a deep layer through every block Θ between them. The dense connection of <a href="../spec/10-dense-hidden.html#eq-10">Eqs. 10 and 11</a> hands it over directly, through a gate.`,
  controls,
  about: `The state of layer 0 is changed at token t; each cell is the relative change of the state that a layer reads out, in per cent of the change put in. Both stacks are those of <a href="../spec/09-degradation.html#eq-9">Eq. 9</a> with the same random weights: the numbers are derivatives, as medians of ${count} untrained stacks, and say nothing of a trained model. Stacks differ much: in some, a deep layer has less with the connection, and ten seeds show how far medians move. More than 100 is no gain of information: source and gate both change, and so does their product (column t is what <a href="../docs/degradation.html"><code>densessm degradation</code></a> measures). What the next token gets is the reading <a href="../docs/readings.html#carry">carry</a>, what deeper layers get the reading <a href="../docs/readings.html#pass">pass</a>.`,
  tries: [
    {
      state: { carry: 'fused' },
      says: `<strong>Carry the fused state.</strong> At token t nothing changes, but ${tokens - 1} tokens later layer ${layers} has more of the change in most stacks.`,
    },
    {
      state: { gates: 0.25 },
      says: `<strong>Gates nearly closed.</strong> The connection is there, and in most stacks layer ${layers} has less at token t than through open gates.`,
    },
    {
      state: { m: 0, residual: 1 },
      says: `<strong>A residual connection alone.</strong> It is around each block, and in most stacks layer ${layers} has more at token t than without either connection.`,
    },
  ],
  view,
};

export { denseStatesLab as lab };
