/** @file Draws what the lab of faults has found: the laws, a heat map of error / bound, one element, the smallest failing case. */
import type { Settings } from '../../../src/oracle/case.ts';
import { escaped } from '../../html.ts';
import { settingsText } from '../../settings-text.ts';
import { heatMap } from '../shared/heat-map.ts';
import { isInChunks } from './controls.ts';
import type { Compared } from './errors.ts';
import type { LawRow, Smallest } from './trial.ts';

/** A change of the state, as the address of a link has it. */
export type LinkTo = (change: Readonly<Record<string, string | number>>) => string;

/** A ratio of error to bound in few characters. */
export function ratioText(ratio: number): string {
  if (ratio === Number.POSITIVE_INFINITY) return '∞';
  if (Number.isNaN(ratio)) return 'NaN';
  if (ratio === 0) return '0';
  if (ratio >= 0.01 && ratio < 1000) return ratio < 10 ? `${Number(ratio.toPrecision(2))}` : ratio.toFixed(0);
  const [digits, power] = ratio.toExponential(0).split('e');
  return `${digits}e${Number(power)}`;
}

/** A shade: what is right is pale, what is wrong the stronger the more orders of magnitude it is beyond the bound. */
const heatOf = (ratio: number): number =>
  ratio <= 1 ? 0.25 + 0.35 * ratio : -Math.min(1, 0.3 + Math.log10(ratio) / 20);

/** How far a verdict is from right. An exact comparison allows nothing. */
const beyond = (ratio: number): string => (ratio === Infinity ? 'not equal' : `${ratioText(ratio)} × the bound`);

/** What a program that breaks off in a law lacks; such a law says nothing of it. */
const lacking: Readonly<Record<string, string>> = {
  padded: 'padding',
  packed: 'packed sequences',
  resumable: 'empty sequence',
};

/** What a law without a judged case found. */
const untriedText = ({ law, breaks }: LawRow): string =>
  breaks ? `not tried: this program takes no ${lacking[law] ?? 'such case'}` : 'not tried: no case is of its kind';

/** The laws with what each found. `chosen` is the one whose case is drawn. */
export function lawTable(rows: readonly LawRow[], waiting: readonly string[], chosen: string, to: LinkTo): string {
  const row = (one: LawRow): string => {
    const { law, statement, cases, rejected } = one;
    const found =
      rejected !== null
        ? `<td class="rejects" title="${escaped(rejected.where)}">rejects, ${beyond(rejected.ratio)}</td>`
        : `<td class="accepts">${cases > 0 ? `accepts ${cases} cases` : untriedText(one)}</td>`;
    const current = law === chosen ? ' aria-current="true"' : '';
    return `<tr><th scope="row"><a href="${escaped(to({ law, at: '' }))}"${current} title="${escaped(statement)}">${law}</a></th>${found}</tr>`;
  };
  const left = waiting.map((law) => `<tr><th scope="row">${law}</th><td class="quiet">…</td></tr>`);
  return `<table class="laws-tried"><thead><tr><th scope="col">law</th><th scope="col">of this wrong program</th></tr></thead><tbody>${rows.map(row).join('')}${left.join('')}</tbody></table>`;
}

/** The indices of element i. */
function indicesOf({ shape }: Compared, i: number): number[] {
  const indices: number[] = [];
  let rest = i;
  for (const length of [...shape].reverse()) {
    indices.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return indices;
}

/** The axes of rows and columns: those asked for if the tensor has them, else time, or the first, and the last other one. */
export function axesOf({ shape, letters }: Compared, rows: string, columns: string): readonly [number, number] {
  const isAxis = (text: string): boolean => /^\d+$/.test(text) && Number(text) < shape.length;
  const down = isAxis(rows) ? Number(rows) : Math.max(0, letters.indexOf('t'));
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== down);
  const across = isAxis(columns) && Number(columns) !== down ? Number(columns) : (others.at(-1) ?? -1);
  return [down, across];
}

/** The element where errors begin: of the wrong ones the first in time, and the worst of these; the worst of all if none is wrong. */
function firstWrong(compared: Compared): number {
  const { letters, ratio } = compared;
  const time = letters.indexOf('t');
  const rank = (i: number): number => (ratio[i]! > 1 && time >= 0 ? indicesOf(compared, i)[time]! : 0);
  return ratio.reduce((best, x, i) => {
    const worst = ratio[best]!;
    if (x > 1 !== worst > 1) return x > 1 ? i : best;
    return rank(i) === rank(best) ? (x > worst ? i : best) : rank(i) < rank(best) ? i : best;
  }, 0);
}

/** The element to look at: that of the address if there is one, else the first wrong one. */
export function elementOf(compared: Compared, at: string): number {
  const i = Number(at);
  return at !== '' && Number.isInteger(i) && i >= 0 && i < compared.ratio.length ? i : firstWrong(compared);
}

const named = ({ letters }: Compared, axis: number, index: number): string => `${letters[axis] ?? ''} ${index}`.trim();

/** The heat map of error / bound over two axes: each cell has the worst number along the others, and leads to it. */
export function errorMap(compared: Compared, axes: readonly [number, number], at: number, to: LinkTo): string {
  const { shape, ratio } = compared;
  const [down, across] = axes;
  const [rows, columns] = [shape[down] ?? 1, shape[across] ?? 1];
  const worst = Array.from({ length: rows }, () => new Array<number>(columns).fill(-1));
  ratio.forEach((x, i) => {
    const indices = indicesOf(compared, i);
    const row = worst[indices[down] ?? 0]!;
    const column = indices[across] ?? 0;
    if (row[column] === -1 || x > ratio[row[column]!]!) row[column] = i;
  });
  const chosen = indicesOf(compared, at);
  const cells = worst.map((row, r) =>
    row.map((i, c) => {
      const isChosen = r === (chosen[down] ?? 0) && c === (chosen[across] ?? 0);
      const text = ratioText(ratio[i]!);
      const place = `${named(compared, down, r)}, ${named(compared, across, c)}`;
      return {
        heat: heatOf(ratio[i]!),
        text: `<a href="${escaped(to({ at: i }))}" aria-label="${place}: ${text}"${isChosen ? ' aria-current="true"' : ''} tabindex="${isChosen ? 0 : -1}">${text}</a>`,
      };
    }),
  );
  const names = (axis: number, length: number): string[] => Array.from({ length }, (_, i) => named(compared, axis, i));
  return heatMap(names(down, rows), names(across, columns), cells);
}

const sized = (x: number): string => `${Number(x.toPrecision(3))}`;

/** One number: of the wrong program, the right one, and what is allowed between them. */
export function elementTable(compared: Compared, i: number): string {
  const { name, answer, truth, bound, ratio } = compared;
  const place = indicesOf(compared, i).map((index, axis) => named(compared, axis, index));
  const rows = [
    ['answer', `${answer[i]}`],
    ['truth', `${truth[i]}`],
    ['error', sized(Math.abs(answer[i]! - truth[i]!))],
    ['bound', sized(bound[i]!)],
    ['error / bound', ratioText(ratio[i]!)],
  ];
  return `<table class="element"><caption><code>${escaped(name)}[${place.join(', ')}]</code></caption><tbody>${rows
    .map(([what, x]) => `<tr><th scope="row">${what}</th><td class="digits">${x}</td></tr>`)
    .join('')}</tbody></table>`;
}

const optionsOf = (options: readonly (readonly [string, string])[], chosen: string): string =>
  options
    .map(
      ([value, text]) =>
        `<option value="${escaped(value)}"${value === chosen ? ' selected' : ''}>${escaped(text)}</option>`,
    )
    .join('');

/** Choices of the tensor and of the axes of its heat map. */
export function mapControls(all: readonly Compared[], compared: Compared, axes: readonly [number, number]): string {
  const tensors = all.map(({ name, where }): [string, string] => [name, `${name}${where === null ? '' : ' ✗'}`]);
  const letters = compared.letters.map((letter, axis): [string, string] => [`${axis}`, letter]);
  const select = (
    label: string,
    name: string,
    options: readonly (readonly [string, string])[],
    chosen: string,
  ): string => `<label>${label} <select name="${name}">${optionsOf(options, chosen)}</select></label>`;
  const rows = select('down', 'rows', letters, `${axes[0]}`);
  const columns = select(
    'across',
    'columns',
    letters.filter(([axis]) => axis !== `${axes[0]}`),
    `${axes[1]}`,
  );
  return `<form class="map-controls">${select('numbers', 'tensor', tensors, compared.name)}${letters.length > 1 ? rows + columns : ''}</form>`;
}

/** The tensor to draw: that of the address if there is one, else the first that is wrong, else the first. */
export const tensorOf = (all: readonly Compared[], name: string): Compared =>
  all.find((one) => one.name === name) ?? all.find(({ where }) => where !== null) ?? all[0]!;

/** Numbers of a list, no more than a reader takes in. */
const listed = (data: ArrayLike<number>): string =>
  `${Array.from(data).slice(0, 24).map(brief).join(', ')}${data.length > 24 ? ', …' : ''}`;

const brief = (x: number): string => (Number.isInteger(x) ? `${x}` : `${Number(x.toPrecision(4))}`);

/** What a law says of the worst number, in words that tell the program's answer from the right one. */
export function verdictText(law: string, where: string): string {
  const [, place, answer, right] = /^(.+) is (\S+), not (\S+)$/.exec(where) ?? [];
  return place === undefined
    ? `<code>${law}</code>: ${escaped(where)}.`
    : `<code>${escaped(place)}</code>: the program answers <code>${answer}</code>; right, by the law <code>${law}</code>, is <code>${right}</code>.`;
}

/** The smallest case that a law rejects: its settings and inputs, and the worst number. */
export function smallestText(law: string, { c, verdict, judged }: Smallest): string {
  const inputs = Object.entries(c.inputs).map(
    ([name, { shape, data }]) =>
      `<li><code>${escaped(name)}[${shape.join(', ')}]</code> = <code>${listed(data)}</code></li>`,
  );
  return `<p>${settingsText(c.settings) || 'No settings.'}</p><ul>${inputs.slice(0, 8).join('')}${inputs.length > 8 ? `<li>and ${inputs.length - 8} more tensors</li>` : ''}</ul>
<p>${verdictText(law, verdict.where)}</p><p class="quiet">Shrunk by the oracle: ${judged} cases judged.</p>`;
}

/** What stands in place of a smallest case. */
export const noneSmallest = (rows: readonly LawRow[], law: string): string =>
  rows.some(({ rejected }) => rejected !== null)
    ? `<p>None for this law: <code>${law}</code> rejects no case that was drawn. Choose a law that does.</p>`
    : '<p>None: no law rejects a case that was drawn.</p>';

/** The settings of the case of the map, and what they hide: with one chunk, nothing is carried from chunk to chunk. */
export function caseText(settings: Settings, fault: string, tokens: number): string {
  const { chunkSize } = settings;
  const isOne = isInChunks(fault) && typeof chunkSize === 'number' && chunkSize >= tokens;
  const why = isOne
    ? ` ${tokens === 1 ? 'One token is' : `All ${tokens} tokens are`} in one chunk, so nothing is carried to a next one: a lost carry does not show here.`
    : '';
  return `<p class="case">This case: ${settingsText(settings) || 'no settings'}.${why}</p>`;
}

/** How many laws reject a fault, of those that could try it. */
export function countText(rows: readonly LawRow[], waiting: readonly string[]): string {
  const rejecting = rows.filter(({ rejected }) => rejected !== null).length;
  const untried = rows.filter(({ cases }) => cases === 0).length;
  const left = untried === 0 ? '' : ` ${untried} could not try it.`;
  if (rejecting === 0)
    return waiting.length > 0
      ? 'No law has rejected it yet.'
      : `<strong>No law rejects it</strong> on these cases.${left}`;
  return `<strong>${rejecting} of ${rows.length + waiting.length - untried} laws reject it.</strong>${left}`;
}
