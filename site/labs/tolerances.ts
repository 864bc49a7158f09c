/** @file The lab of tolerances: errors relative to the oracle's bounds, by the order of summation and the type. */
import { type Order, orders } from '../../src/executors/rounded/order.ts';
import { link } from '../html.ts';
import { queryOf } from './shared/controls.ts';
import { heatMap } from './shared/heat-map.ts';
import type { Lab, View } from './shared/lab.ts';
import { percent, percentSigned } from './shared/numbers.ts';
import { controls, type Elements, elements, orderTexts, ratios, type ToleranceState } from './tolerances/elements.ts';

/** The exponents of ten at the ends of the plot; smaller ratios stand at its left end, larger ones at its right end. */
const [lowest, highest] = [-6, 2];

/** Where a ratio stands in the plot, in per cent of its width. */
function placeOf(ratio: number): number {
  const exponent = Math.min(highest, Math.max(lowest, Math.log10(ratio)));
  return 2 + (96 * (exponent - lowest)) / (highest - lowest);
}

const isBeyond = (ratio: number): boolean => ratio > 1;

/** The row of an order: a dot for each element that has a bound. */
function strip(order: Order, all: readonly number[], chosen: boolean): string {
  const dots = all.flatMap((ratio, i) => {
    if (Number.isNaN(ratio)) return [];
    // spread over the height, so that dots of equal errors are seen apart
    const y = 15 + 70 * ((i * 0.618_034) % 1);
    return [
      `<circle cx="${placeOf(ratio).toFixed(1)}%" cy="${y.toFixed(0)}%" r="2.5"${isBeyond(ratio) ? ' class="beyond"' : ''}/>`,
    ];
  });
  return `<div class="strip"${chosen ? ' data-chosen' : ''}><span>${orderTexts[order]}</span><svg>${dots.join('')}</svg></div>`;
}

/** The plot of all orders, with the bound as a line. Its numbers are in the table beside it. */
function plot(all: Readonly<Record<Order, readonly number[]>>, chosen: Order): string {
  const ticks = [-6, -4, -2, 0, 2].map(
    (exponent) =>
      `<span style="--x:${placeOf(10 ** exponent).toFixed(1)}%"${exponent === 0 ? ' class="bound"' : ''}>${exponent === 0 ? 'bound' : percentSigned(10 ** exponent)}</span>`,
  );
  return `<div class="strips" aria-hidden="true" style="--bound:${placeOf(1).toFixed(1)}%">${orders.map((order) => strip(order, all[order], order === chosen)).join('')}
<div class="ticks">${ticks.join('')}</div></div>`;
}

/** The median and the largest of ratios, and how many are beyond the bound; NaN where an element has no bound. */
function summary(all: readonly number[]): { median: number; worst: number; beyond: number; unbound: number } {
  const unbound = all.filter(Number.isNaN).length;
  const sorted = all.filter((x) => !Number.isNaN(x)).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return { median, worst: sorted.at(-1) ?? Number.NaN, beyond: all.filter(isBeyond).length, unbound };
}

/** The largest error of an order relative to the element itself. */
const relative = ({ errors, expected }: Elements, order: Order): number =>
  Math.max(...Array.from(errors[order], (error, i) => (error === 0 ? 0 : error / Math.abs(expected[i]!))));

const short = (x: number): string => (x === 0 || x >= 0.001 ? x.toPrecision(2) : x.toExponential(1));

const ofBound = (ratio: number): string => (Number.isNaN(ratio) ? '–' : percent(ratio));

function table(found: Elements, all: Readonly<Record<Order, readonly number[]>>, state: ToleranceState): string {
  const lines = orders.map((order) => {
    const { median, worst, beyond } = summary(all[order]);
    const name =
      order === state.order
        ? `<strong>${orderTexts[order]}</strong>`
        : link(queryOf(controls, { ...state, order }), orderTexts[order]);
    return `<tr><th scope="row">${name}</th><td>${ofBound(median)}</td><td>${ofBound(worst)}</td><td>${beyond}</td><td>${short(relative(found, order))}</td></tr>`;
  });
  return `<div class="table" tabindex="0" role="group" aria-label="Errors by order"><table class="orders"><thead><tr><th scope="col">order</th><th scope="col">median %</th><th scope="col">worst %</th><th scope="col">beyond</th><th scope="col">relative</th></tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}

/** The elements of one order as a heat map: pale at 0.01 % of the bound, dark at all of it, amber beyond. */
function map(
  { shape: [rows, columns], expected, bounds, errors }: Elements,
  order: Order,
  all: readonly number[],
  state: ToleranceState,
): string {
  const isProduct = state.of === 'product';
  const cellAt = (i: number) => {
    const ratio = all[i]!;
    const shade = Math.min(1, Math.max(0, (Math.log10(ratio) + 4) / 4));
    return {
      heat: isBeyond(ratio) ? -1 : Number.isNaN(ratio) ? 0 : shade,
      text: Number.isNaN(ratio) ? '–' : ratio > 0 && ratio < 1e-5 ? '≈0' : percent(ratio, 1),
      title: `${expected[i]}, error ${errors[order][i]!.toPrecision(3)}, bound ${bounds[i]!.toPrecision(3)}`,
    };
  };
  const named = (letter: string, length: number, from = 0) =>
    Array.from({ length }, (_, i) => (i === 0 ? `${letter} ${from}` : `${i + from}`));
  const count = (length: number) => Array.from({ length }, (_, i) => i);
  // tokens go from left to right
  const cells = isProduct
    ? count(rows).map((i) => count(columns).map((j) => cellAt(i * columns + j)))
    : count(columns).map((e) => count(rows).map((t) => cellAt(t * columns + e)));
  return isProduct
    ? heatMap(named('i', rows), named('j', columns), cells)
    : heatMap(named('e', columns), named('t', rows, 1), cells);
}

function view(state: ToleranceState): View {
  const found = elements(state);
  const all = Object.fromEntries(orders.map((order) => [order, ratios(found, order)])) as Record<Order, number[]>;
  const { median, worst, beyond, unbound } = summary(all[state.order]);
  const size = found.expected.length;
  const isProduct = state.of === 'product';
  const what = isProduct
    ? `sums of ${Number(state.n)} products`
    : `elements of a retention of ${found.shape[0]} tokens`;
  const none =
    unbound === 0
      ? ''
      : ` <strong>${unbound} have no finite bound</strong> in this type, so nothing can be said about them.`;
  const held = found.judge === found.computed ? '' : `; held against the bound of ${found.judge.name}`;
  const rest =
    unbound === size
      ? ''
      : ` The worst uses <strong>${percentSigned(worst)}</strong> of its bound, the median ${percentSigned(median)}; <strong>${beyond === 0 ? 'none is' : `${beyond} of ${size} ${beyond === 1 ? 'is' : 'are'}`} beyond</strong>.`;
  return {
    says: `${size} ${what}, added ${orderTexts[state.order]} in ${found.computed.says}${held}.${none}${rest}`,
    figure: `<div class="tolerances"><div><h2>Errors, relative to the bound</h2>${plot(all, state.order)}</div>
<div><h2>In numbers</h2>${table(found, all, state)}</div></div>
<h2>Each element, in % of its bound: ${orderTexts[state.order]}</h2>
<div class="table elements" tabindex="0" role="group" aria-label="Elements in per cent of their bounds">${map(found, state.order, all[state.order], state)}</div>`,
  };
}

/** The lab of tolerances. */
export const tolerancesLab: Lab<ToleranceState> = {
  name: 'tolerances',
  title: 'How wrong may a right kernel be?',
  short: 'Tolerances',
  description:
    'Orders of summation and types, f32, TF32, bf16 and f16, against the error bound of each number, for a matrix product or a retention.',
  lead: `Kernels add in different orders and types, so their numbers differ, and all may be right. The oracle computes <a href="../docs/tolerances.html">a bound for each number</a>; here are the errors beside it, for a matrix product or for the retention of <a href="../spec/19-retention.html#eq-19">Eqs. 19 and 20</a>.`,
  controls,
  about: `Each dot is one element, computed with every step rounded and sums in that order; what is beyond its bound, in amber, is wrong for the type that it is held against. A bound holds for every order: it counts all roundings at their worst, n u Σ |term|, and since these partly cancel, right programs use little of it (<a href="../docs/tolerances.html#how-the-bound-is-computed">how it is computed</a>). “Relative” is the largest error divided by the element itself: it is large where a sum cancels, and a tolerance relative to the element would reject right programs there. Multiply-add is fused in all orders. Retention is that of <a href="../spec/19-retention.html#eq-20">Eq. 20</a> and its other modes, with γ = 31/32.`,
  tries: [
    {
      state: { type: 'tf32', bound: 'f32' },
      says: '<strong>TF32 held against the bound of f32.</strong> Most elements are beyond it, and the order makes no difference.',
    },
    {
      state: { type: 'bf16-sums', bound: 'bf16-all', values: 'positive', n: '1024' },
      says: '<strong>Sums kept in bf16 stop growing.</strong> Every element is beyond, but pairwise most are within.',
    },
    {
      state: { values: 'cancel', n: '1024' },
      says: '<strong>Sums that cancel.</strong> Some elements are off by a tenth of themselves and more, and yet right.',
    },
  ],
  view,
};

export { controls, tolerancesLab as lab };
