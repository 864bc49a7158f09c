/** @file The numbered equations of the paper that are defined here, as data: for coverage, reports and documents. */
import { attention } from './01-attention.ts';
import { feedForward } from './02-feed-forward.ts';
import { gate, project, select } from './15-selective-transition.ts';
import { fuseByAddition } from './18-dense-fusion.ts';
import { retentionOutput, retentionState } from './19-retention.ts';
import { denseKeys, denseValues, fusedKeys, fusedValues } from './21-dense-keys-and-values.ts';
import { denseRetention } from './25-dense-retention.ts';
import type { Evidence } from './readings.ts';
import { stateSpaceEquations } from './registry-ssm.ts';

/** How many equations the paper numbers. */
export const equationTotal = 25;

/** Said wherever the evidence of an equation includes R. */
export const numberingNotVerified = 'numbering not verified against the PDF';

/** One numbered equation. */
export interface Equation {
  readonly number: number;
  readonly name: string;
  /** The file of its definition. */
  readonly chapter: string;
  readonly evidence: readonly Evidence[];
  readonly latex: string;
  /** In the letters of GLOSSARY.md. */
  readonly shapes: string;
  readonly definition: (...operands: never[]) => unknown;
}

/** Equations 1 to 25, in order. */
export const equations: readonly Equation[] = [
  {
    number: 1,
    name: 'softmax attention',
    chapter: '01-attention.ts',
    evidence: ['R'],
    latex: String.raw`o_t = W_o \sum_{i \le t} \mathrm{softmax}_i(q_t^{\top} k_i)\,v_i`,
    shapes: 'q [t][d], k [t][d], v [t][e], W_o [o, e] -> [t][o]',
    definition: attention,
  },
  {
    number: 2,
    name: 'feed-forward network',
    chapter: '02-feed-forward.ts',
    evidence: ['R'],
    latex: String.raw`y_t = W_{\mathrm{down}}\,\sigma(W_{\mathrm{up}}\,o_t)`,
    shapes: 'o [width], up [r, width], down [w, r] -> [w]',
    definition: feedForward,
  },
  ...stateSpaceEquations,
  {
    number: 15,
    name: 'project',
    chapter: '15-selective-transition.ts',
    evidence: ['N', 'R'],
    latex: String.raw`{h'}_t^{l-i} = \mathrm{Proj}(h_t^{l-i})`,
    shapes: 'h [w], linear map [w, w] -> [w]',
    definition: project,
  },
  {
    number: 16,
    name: 'gate',
    chapter: '15-selective-transition.ts',
    evidence: ['N', 'C', 'R'],
    latex: String.raw`g_t^l = \mathrm{Gate}(x_t^l) = \mathrm{SiLU}(W_{\mathrm{up}}\,\mathrm{SiLU}(W_{\mathrm{down}}\,x_t^l))`,
    shapes: 'x [width], down [r, width], up [w, r] -> [w]',
    definition: gate,
  },
  {
    number: 17,
    name: 'select',
    chapter: '15-selective-transition.ts',
    evidence: ['N', 'C', 'R'],
    latex: String.raw`{h''}_t^{l-i} = {h'}_t^{l-i} \odot g_t^l`,
    shapes: 'projected [w], g [w] -> [w]',
    definition: select,
  },
  {
    number: 18,
    name: 'fuse by addition',
    chapter: '18-dense-fusion.ts',
    evidence: ['N', 'C', 'R'],
    latex: String.raw`\mathrm{Fuse}(h_t^l, H_t^l) = h_t^l + \sum_{i=1}^{m} {h''}_t^{l-i}`,
    shapes: 'h [w], selected [j][w] -> [w]',
    definition: fuseByAddition,
  },
  {
    number: 19,
    name: 'retention state',
    chapter: '19-retention.ts',
    evidence: ['F', 'C'],
    latex: String.raw`S_t = \gamma S_{t-1} + k_t^{\top} v_t`,
    shapes: 's [d][e], k [d], v [e] -> [d][e]',
    definition: retentionState,
  },
  {
    number: 20,
    name: 'retention output',
    chapter: '19-retention.ts',
    evidence: ['F', 'C'],
    latex: 'y_t = q_t S_t',
    shapes: 'q [d], s [d][e] -> [e]',
    definition: retentionOutput,
  },
  {
    number: 21,
    name: 'dense keys',
    chapter: '21-dense-keys-and-values.ts',
    evidence: ['F', 'C', 'R'],
    latex: String.raw`K_t^l = [\phi(k_t^{l-1}); \phi(k_t^{l-2}); \ldots; \phi(k_t^{l-m})]`,
    shapes: 'keys [l][w], projections [j], gates [j][w] -> [j][w]',
    definition: denseKeys,
  },
  {
    number: 22,
    name: 'dense values',
    chapter: '21-dense-keys-and-values.ts',
    evidence: ['F', 'C', 'R'],
    latex: String.raw`V_t^l = [\phi(v_t^{l-1}); \phi(v_t^{l-2}); \ldots; \phi(v_t^{l-m})]`,
    shapes: 'values [l][w], projections [j], gates [j][w] -> [j][w]',
    definition: denseValues,
  },
  {
    number: 23,
    name: 'fused keys',
    chapter: '21-dense-keys-and-values.ts',
    evidence: ['F', 'C', 'R'],
    latex: String.raw`{k'}_t^l = \mathrm{Fuse}(k_t^l, K_t^l)`,
    shapes: 'k [w], dense [j][w] -> [w]',
    definition: fusedKeys,
  },
  {
    number: 24,
    name: 'fused values',
    chapter: '21-dense-keys-and-values.ts',
    evidence: ['F', 'C', 'R'],
    latex: String.raw`{v'}_t^l = \mathrm{Fuse}(v_t^l, V_t^l)`,
    shapes: 'v [w], dense [j][w] -> [w]',
    definition: fusedValues,
  },
  {
    number: 25,
    name: 'dense retention, parallel mode',
    chapter: '25-dense-retention.ts',
    evidence: ['C', 'R'],
    latex: String.raw`y_t = q_t \sum_{i=1}^{t} \gamma^{t-i} {k'}_i^{\top} {v'}_i`,
    shapes: 'q [t][d], k [t][d], v [t][e], s0 [d][e] -> [t][e]',
    definition: denseRetention,
  },
];

/** What must be said beside an equation's number: something where the evidence includes R, else nothing. */
export function numberingNote(equation: Equation): string {
  return equation.evidence.includes('R') ? numberingNotVerified : '';
}
