/** @file densessm degradation: measures how fast a shallow state fades in the layers above it (Eq. 9). */
import type { Connection } from '../measure/network.ts';
import {
  type MeasureOptions,
  type NetworkKind,
  type RemainingChange,
  remainingChange,
} from '../measure/remaining-change.ts';
import { colour, progress, say, sayJson, tableLine, type Voice, widthsOf } from './console.ts';

/** The options of the command: subject, number of layers, number of random draws, seed. */
export interface DegradationCommand extends Voice, Omit<MeasureOptions, 'connections' | 'onProgress'> {}

const dense: readonly Connection[] = [0, 1, 2, 4].map((denseLayers) => ({ denseLayers, residual: 0 }));
const residual: readonly Connection[] = [0, 2].map((denseLayers) => ({ denseLayers, residual: 1 }));
const passed: Connection = { denseLayers: 2, residual: 0, pass: 'fused' };

const connections: Readonly<Record<NetworkKind, readonly Connection[]>> = {
  stacks: [...dense, passed, ...residual],
  'dense-mamba': [...dense, passed],
};

/** The description of the draws, for the head of the table. */
const drawn: Readonly<Record<NetworkKind, (count: number) => string>> = {
  stacks: (count) =>
    `median of ${count} random stacks; m layers densely connected; residual: around each block between states.`,
  'dense-mamba': (count) => `median of ${count} random DenseMambas after 32 random tokens; m layers densely connected.`,
};

const title = ({ denseLayers, residual: factor, pass }: Connection): string =>
  `m = ${denseLayers}${pass === 'fused' ? ', pass fused' : ''}${factor === 0 ? '' : ', residual'}`;

/** Prints what is left after each layer, as a table and as a plot. Returns whether every number is finite. */
export function degradationCommand({ of, layers, count, seed, json, quiet }: DegradationCommand): boolean {
  const line = progress({ json, quiet });
  const curves = remainingChange({
    of,
    layers,
    count,
    seed,
    connections: connections[of],
    onProgress: (done, total) => line.show(`${done} of ${total} networks`),
  });
  line.clear();
  const ok = curves.every(({ left }) => left.every(Number.isFinite));
  if (json) {
    sayJson('degradation', { ok, of, layers, count, seed, curves });
    return ok;
  }
  if (!quiet) {
    say('A change of the state of layer 0 by 1 %, and by how many % it changes the state that layer l reads out:');
    say(`${drawn[of](count)}\n`);
    printTable(curves, layers);
    say(`\n${plot(curves.slice(0, dense.length)).join('\n')}\n`);
  }
  const at = (m: number): string => percent(curves.find((one) => one.denseLayers === m)!.left.at(-1)!);
  say(`After ${layers} layers ${at(0)} % is left without dense connections, ${at(2)} % with m = 2.`);
  return ok;
}

const percent = (x: number): string => x.toPrecision(2);

function printTable(curves: readonly RemainingChange[], layers: number): void {
  const lines = Array.from({ length: layers + 1 }, (_, l) => [`${l}`, ...curves.map(({ left }) => percent(left[l]!))]);
  const table = [['layer', ...curves.map(title)], ...lines];
  const widths = widthsOf(table);
  const right = widths.map((_, i) => i);
  table.forEach((cells, i) => {
    say(i === 0 ? colour.heading(tableLine(cells, widths, right)) : tableLine(cells, widths, right));
  });
}

const [height, step] = [16, 6];

/** Curves over layers on a logarithmic scale. Each point shows its m; where two meet, the larger m. */
export function plot(curves: readonly RemainingChange[]): string[] {
  const logs = curves.flatMap(({ left }) => left.filter((x) => x > 0).map(Math.log10));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const rowOf = (x: number): number => Math.round(((high - Math.log10(x)) / (high - low || 1)) * (height - 1));
  const length = curves[0]!.left.length;
  const grid = Array.from({ length: height }, () => Array.from({ length: 1 + step * (length - 1) }, () => ' '));
  for (const { denseLayers, left } of curves) {
    left.forEach((x, l) => {
      if (x > 0) grid[rowOf(x)]![l * step] = `${denseLayers}`;
    });
  }
  const label = (row: number): string => percent(10 ** (high - (row / (height - 1)) * (high - low))).padStart(8);
  const rows = grid.map((cells, row) => `${row % 5 === 0 ? label(row) : ' '.repeat(8)} │ ${cells.join('').trimEnd()}`);
  const axis = Array.from({ length }, (_, l) => `${l}`.padEnd(step)).join('');
  return [
    ...rows,
    `${' '.repeat(8)} └─${'─'.repeat(1 + step * (length - 1))}`,
    `${' '.repeat(11)}${axis.trimEnd()} layer`,
  ];
}
