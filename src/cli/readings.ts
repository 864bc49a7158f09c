/** @file densessm readings: lists every passage of the paper that can be read in several ways, and the default. */
import { evidenceLegend } from '../../spec/evidence.ts';
import { type OpenReading, openReadings } from '../../spec/readings.ts';
import { wrapped } from '../oracle/text.ts';
import { colour, say, sayJson, tableLine, textWidth, type Voice, widthsOf } from './console.ts';

/** The subject of a reading, in few characters. */
const concerned: Readonly<Record<OpenReading['concerns'], string>> = {
  'keys-and-values': 'k and v',
  states: 'states',
  both: 'both',
  baseline: 'baseline',
};

const columns = ['name', 'default', 'others', 'authors', 'evidence', 'concerns'];

/** Stands where the authors' code has nothing of the kind. */
const absent = '-';

const indent = 4;

/** Prints every open reading with its options, default, the authors' choice, evidence and reason. Returns true: nothing can fail. */
export function readingsCommand({ json, quiet }: Voice): boolean {
  if (json) {
    sayJson('readings', { ok: true, readings: openReadings });
    return true;
  }
  if (!quiet) {
    for (const line of readingLines(openReadings, textWidth())) say(line);
  }
  const ours = openReadings.filter(({ evidence }) => evidence.length === 0).length;
  say(`${openReadings.length} open readings, ${ours} of them settled by our own choice`);
  return true;
}

/** The table, each row followed by its reason, in lines of at most `width` characters where the columns leave that room. */
export function readingLines(readings: readonly OpenReading[], width: number): string[] {
  const rows = readings.map(cellsOf);
  const widths = widthsOf([columns, ...rows]);
  return [
    colour.heading(tableLine(columns, widths)),
    ...rows.flatMap((cells, i) => [
      tableLine(cells, widths),
      ...wrapped(readings[i]!.reason, width - indent).map((line) => colour.minor(' '.repeat(indent) + line)),
      '',
    ]),
    ...wrapped(legend, width),
    '',
  ];
}

const legend =
  'The default is taken unless another reading is asked for. Authors: what their code does, a dash where it has nothing of the kind. ' +
  `Evidence: ${evidenceLegend}; ours: nothing public says it. Concerns: keys and values ` +
  '(DenseRetNet), states (DenseMamba), both, or the Transformer baseline. docs/readings.md shows the smallest input that tells the ' +
  'readings apart.';

const cellsOf = (reading: OpenReading): string[] => [
  reading.name,
  reading.default,
  reading.readings.filter((one) => one !== reading.default).join(', ') || 'none known',
  reading.authors ?? (reading.evidence.includes('C') ? reading.default : absent),
  reading.evidence.join(' ') || 'ours',
  concerned[reading.concerns],
];
