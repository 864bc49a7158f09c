/** @file Computes and draws the lab of modes: one sequence through parallel, chunkwise and recurrent retention, up to one token. */

import type { Operator } from '../../src/oracle/operator.ts';
import { retention } from '../../src/oracle/operators/retention/operator.ts';
import { rng } from '../../src/tensor/random.ts';
import { ulpsBetween, ulpsText } from '../ulps.ts';
import { type SmallCase, type WorkedOutput, workedOutputs } from '../worked.ts';
import type { Controls, StateOf } from './shared/controls.ts';
import { heatMap } from './shared/heat-map.ts';
import type { Lab, View } from './shared/lab.ts';

/** The tokens of the sequence, and the channels of keys and of values. */
export const labTokens = 16;
const channels = 4;

/** The controls: the token to look at (from 1), the chunk size, the decay γ, the seed of the sequence. */
export const controls = {
  token: { label: 'token t', min: 1, max: labTokens, step: 1, start: 11 },
  chunk: { label: 'chunk size', min: 1, max: labTokens, step: 1, start: 4 },
  gamma: { label: 'decay γ', min: 0, max: 1, step: 1 / 64, start: 0.875 },
  seed: { label: 'seed', min: 1, max: 100, step: 1, start: 1 },
} as const satisfies Controls;

type LabState = StateOf<typeof controls>;

/** The first tokens of a sequence of numbers with one decimal. */
function caseOf({ gamma, chunk, seed }: LabState, tokens: number): SmallCase {
  const input = (which: number) => {
    const random = rng(3 * seed + which);
    const data = Float64Array.from({ length: tokens * channels }, () => Math.round(10 * random.normal()) / 10);
    return { shape: [1, 1, tokens, channels], data };
  };
  const state = { shape: [1, 1, channels, channels], data: new Float64Array(channels ** 2) };
  return {
    inputs: { q: input(0), k: input(1), v: input(2), state },
    settings: { decay: [gamma], chunkSize: chunk, position: 0 },
  };
}

const outputNamed = (outputs: readonly WorkedOutput[], name: string): WorkedOutput =>
  outputs.find((one) => one.name === name)!;

/** The difference of a mode from the definition that is largest, among some numbers of an output. */
function largest({ defined, modes }: WorkedOutput, mode: string, from: number, to: number): number {
  const ulps = Array.from({ length: to - from }, (_, i) => ulpsBetween(defined![from + i]!, modes[mode]![from + i]!));
  return ulps.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most), 0);
}

/** How strongly a mode reads token i at token t: directly, by the power of γ; through the state that it carries, or not at all. */
const readings: Readonly<Record<string, (i: number, state: LabState) => number | 'state' | 'later'>> = {
  parallel: (i, { token, gamma }) => (i > token ? 'later' : gamma ** (token - i)),
  chunkwise(i, { token, chunk, gamma }) {
    const start = token - ((token - 1) % chunk);
    return i > token ? 'later' : i < start ? 'state' : gamma ** (token - i);
  },
  recurrent: (i, { token }) => (i > token ? 'later' : i < token ? 'state' : 1),
};

const tokens = Array.from({ length: labTokens }, (_, i) => i + 1);

/** The row of a mode: the tokens that it reads at t, as shades, and those that its state has taken in. */
function readingRow(mode: string, state: LabState): string {
  const cells = tokens.map((i) => {
    const how = readings[mode]!(i, state);
    if (how === 'later') return '<td class="later"></td>';
    if (how === 'state') return '<td class="in-state" title="in the state">S</td>';
    return `<td class="read" style="--weight:${how.toFixed(3)}" title="weight γ^${state.token - i} = ${how.toPrecision(3)}"></td>`;
  });
  return `<tr><th scope="row">${mode} reads</th>${cells.join('')}</tr>`;
}

/** The row of the differences of a mode's outputs, token by token. */
function differenceRow(mode: string, y: WorkedOutput): string {
  const cells = tokens.map((i) => {
    const ulps = largest(y, mode, (i - 1) * channels, i * channels);
    const size = Math.abs(ulps);
    return `<td class="${ulps === 0 ? 'same' : 'other'}" title="${ulpsText(ulps)}">${ulps === 0 ? '=' : size > 999 ? '≫' : size}</td>`;
  });
  return `<tr><th scope="row">${mode}, ulps</th>${cells.join('')}</tr>`;
}

/** A state matrix as a heat map, relative to its largest number. */
function stateMap({ defined }: WorkedOutput): string {
  const numbers = Array.from(defined!);
  const most = Math.max(...numbers.map(Math.abs), Number.MIN_VALUE);
  const cells = numbers.map((x) => ({ heat: x / most, text: x.toFixed(2), title: `${x}` }));
  const named = (letter: string) => Array.from({ length: channels }, (_, i) => `${letter} ${i}`);
  const rows = Array.from({ length: channels }, (_, d) => cells.slice(d * channels, (d + 1) * channels));
  return heatMap(named('d'), named('e'), rows);
}

/** What the lab shows in a state. */
function view(state: LabState): View {
  const operator = retention as Operator;
  const y = outputNamed(workedOutputs(operator, caseOf(state, labTokens)), 'output');
  const s = outputNamed(workedOutputs(operator, caseOf(state, state.token)), 'state');
  const heads = tokens.map((i) => `<th scope="col"${i === state.token ? ' aria-current="true"' : ''}>${i}</th>`);
  const modes = ['parallel', 'chunkwise', 'recurrent'];
  const words = modes.map((mode) => {
    const ulps = largest(s, mode, 0, channels ** 2);
    return `${mode} ${ulps === 0 ? 'none' : ulpsText(ulps)}`;
  });
  const output = Array.from({ length: channels }, (_, e) => y.defined![(state.token - 1) * channels + e]!);
  return {
    says: `After token ${state.token}, the largest difference of the state from <code>spec/</code>: ${words.join(', ')}.`,
    figure: `<div class="table" tabindex="0" role="group" aria-label="Modes by tokens"><table class="tokens"><thead><tr><th scope="col">token</th>${heads.join('')}</tr></thead><tbody>
${modes.map((mode) => readingRow(mode, state)).join('\n')}
${modes.map((mode) => differenceRow(mode, y)).join('\n')}
</tbody></table></div>
<div class="state"><div><h2>State S<sub>${state.token}</sub></h2>${stateMap(s)}<p class="quiet">Shaded relative to its largest number: teal above zero, amber below.</p></div>
<div><h2>Output y<sub>${state.token}</sub></h2><p class="digits">${output.join('<br>')}</p><p class="quiet">by <code>spec/</code></p></div></div>`,
  };
}

const retentionPage = '../spec/19-retention.html#eq-19';

/** The lab of modes. */
export const modesLab: Lab<LabState> = {
  name: 'modes',
  title: 'One sequence, three modes',
  short: 'Modes',
  description:
    'Retention in parallel, chunkwise and recurrent mode, token by token: what each reads, the state, and the differences in ulps.',
  lead: `Retention, <a href="${retentionPage}">Eqs. 19 and 20</a>, of ${labTokens} tokens. At token t, parallel mode reads every token so far, with the weight γ<sup>t−i</sup>; recurrent mode reads its state and one token;
chunkwise mode reads its state and the tokens of the chunk. All have the same outputs, but for the last digits.`,
  controls,
  about: `Shades are weights of tokens that are read; S is what the state has taken in. Rows in ulps are the largest difference of an output from <code>spec/</code>, in units in the last place of doubles. The two modes of <a href="${retentionPage}">Eqs. 19 and 20</a> add the same products in other orders, and so round differently. A difference in ulps is no error by itself: what counts is the <a href="../docs/tolerances.html">bound of each number</a>.`,
  tries: [
    {
      state: { gamma: 0.5 },
      says: '<strong>γ = ½.</strong> Its powers are exact, so the state of parallel mode has every digit; outputs still differ.',
    },
    {
      state: { chunk: 1 },
      says: '<strong>Chunks of one token.</strong> Chunkwise mode reads what recurrent mode reads.',
    },
    {
      state: { gamma: 0, token: 16 },
      says: '<strong>γ = 0.</strong> Nothing is remembered and states are equal, but (q·k) v still rounds otherwise than q (k v).',
    },
  ],
  view,
};

export { modesLab as lab };
