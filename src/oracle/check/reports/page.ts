/** @file Writes the report of a check as one HTML page, which needs no network and no script. */
import { escaped } from '../../../io/markup.ts';
import { acceptedLines, entryLines } from '../acceptance.ts';
import { causeLines, causesAcross } from '../causes/across.ts';
import type { CheckReport } from '../check.ts';
import type { FailingNumbers } from '../failure-data.ts';
import { type Asked, checkCells, checkColumns, failureLines, measure } from '../report.ts';
import { type CheckRow, type Finding, isFine, type RowKey, wasOffered } from '../row.ts';
import { errorByTime, heatMap, legend } from './drawings.ts';
import { style } from './style.ts';

/** A failure as reports tell it: the row, the rows that fail alike, and whether its question fails alone. */
export interface Told {
  readonly row: CheckRow;
  readonly others: readonly CheckRow[];
  readonly isAlone: boolean | null;
}

/** What a report says beside its rows. */
export interface Said {
  /** The command that was given. */
  readonly command: string;
  readonly verdict: string;
  /** Remarks, each a line. */
  readonly remarks: readonly string[];
  readonly failures: readonly Told[];
  /** Says how to ask again. */
  readonly again: (row: RowKey, asked: Asked) => string;
}

/** What pages of reports have, and other pages have not. */
export const pageMark = '<meta name="generator" content="densessm check">';

/** The most tensors that are drawn of a failure. */
const mostDrawn = 6;

/** The page of a report: the table of rows, the causes, and each failure with its smallest case and drawings of its errors. */
export function pageOf(report: CheckReport, { command, verdict, remarks, failures, again }: Said): string {
  const rows = report.rows.filter(wasOffered);
  const anchors = new Map(
    failures.flatMap(({ row, others }, i) => [row, ...others].map((one) => [one, `failure-${i}`])),
  );
  // PASS, FAIL, UNCHECKED or NOTHING: where nothing was compared, nothing passed
  const [head = 'FAIL'] = /^\w+/.exec(verdict) ?? [];
  const parts = [
    `<h1>${escaped(report.backend)}</h1>`,
    `<p class="verdict ${head === 'PASS' ? 'pass' : report.ok ? 'unchecked' : 'fail'}">${escaped(verdict)}</p>`,
    `<pre>${escaped(command)}</pre>`,
    '<p>Each number is compared with its own error bound; median and worst are |error| / bound.</p>',
    table(
      checkColumns.map((name) => escaped(name || 'remarks')),
      rows.map((row) => cellsOf(row, anchors.get(row))),
    ),
    ...remarks.map((line) => `<p class="remark">${escaped(line)}</p>`),
    ...section('Entries of accepted failures to correct', preOf(entryLines(report.wrongEntries))),
    ...section('Accepted failures', preOf(acceptedLines(report.rows))),
    ...section('Failures by cause', preOf(causeLines(causesAcross(report.rows)))),
    ...(failures.length === 0 ? [] : ['<h2>Failures</h2>']),
    ...failures.map((told, i) => failureOf(told, again, `failure-${i}`)),
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    pageMark,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(`${head}: ${report.backend}`)}</title><style>${style}</style></head>`,
    `<body><main>${parts.join('\n')}</main></body></html>\n`,
  ].join('\n');
}

const section = (title: string, content: string): string[] => (content === '' ? [] : [`<h2>${title}</h2>`, content]);

const preOf = (lines: readonly string[]): string =>
  lines.length === 0 ? '' : `<pre tabindex="0">${escaped(lines.join('\n'))}</pre>`;

/** A table that scrolls by itself where the page is narrow; cells are HTML. */
const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="wide" tabindex="0"><table><thead><tr>${heading.map((one) => `<th>${one}</th>`).join('')}</tr></thead><tbody>${rows
    .map((cells) => `<tr>${cells.map((one) => `<td>${one}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>`;

function cellsOf(row: CheckRow, anchor: string | undefined): string[] {
  return checkCells(row, (_, text) => text).map((text, i) => {
    if (i !== 3 && i !== 4) return escaped(text);
    const badge = `<b class="${text.toLowerCase()}">${escaped(text)}</b>`;
    return text === 'FAIL' && anchor !== undefined ? `<a href="#${anchor}">${badge}</a>` : badge;
  });
}

function failureOf({ row, others, isAlone }: Told, again: Said['again'], anchor: string): string {
  const [, ...lines] = failureLines(row, { again, others, isAlone });
  const { operator, mode, dtype, finding, also } = row;
  const state = isFine(row) || finding === null ? '' : escaped(finding.message);
  return [
    `<section id="${anchor}"><h3>${escaped(`${operator} ${mode} ${dtype}`)}</h3>`,
    `<p>${state}</p>`,
    preOf(lines.map((line) => line.replace(/^ {2}/, ''))),
    ...[...(finding === null ? [] : [finding]), ...also].map(findingOf),
    '</section>',
  ].join('\n');
}

/** The tables and drawings of a finding. */
function findingOf({ kind, deviations, fits, numbers }: Finding): string {
  const wrong = deviations.map(({ tensor }) => tensor);
  return [
    ...(deviations.length === 0
      ? []
      : [
          `<h4>How far off: ${escaped(kind)}</h4>`,
          table(
            ['tensor', 'wrong', '|error| / bound', 'relative RMS', 'most ulp'],
            deviations.map((one) => [
              `<code>${escaped(one.tensor)}</code>`,
              `${one.wrong} of ${one.of}`,
              ...[one.ratio, one.relativeRms, one.ulps].map(measure),
            ]),
          ),
        ]),
    ...(fits.length === 0
      ? []
      : [
          '<h4>How well each way to compute explains the first case that failed</h4>',
          '<p>At most 1 is right; the first line is what the answer is judged by.</p>',
          table(
            ['computed in', '|error| / bound'],
            fits.map(({ says, ratio }) => [escaped(says), measure(ratio)]),
          ),
        ]),
    ...(numbers === null || wrong.length === 0 ? [] : drawingsOf(numbers.largest, wrong)),
  ].join('\n');
}

/** The shapes and settings of a case. */
const sizesOf = ({ inputs, settings }: FailingNumbers['c']): string =>
  [
    ...Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape.join(', ')}]`),
    ...Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
  ].join('; ');

/** The drawings of wrong tensors. */
function drawingsOf({ c, tensors }: FailingNumbers, wrong: readonly string[]): string[] {
  const drawn = wrong.filter((tensor) => tensors[tensor] !== undefined && tensors[tensor].expected.length > 1);
  const more = drawn.length - mostDrawn;
  if (drawn.length === 0) return [];
  return [
    '<h4>Where it is wrong, in the largest case that was kept</h4>',
    `<p>${escaped(sizesOf(c))}</p>`,
    legend(),
    '<div class="drawings">',
    ...drawn
      .slice(0, mostDrawn)
      .flatMap((tensor) => [errorByTime(tensor, tensors[tensor]!), heatMap(tensor, tensors[tensor]!)]),
    '</div>',
    ...(more > 0 ? [`<p class="remark">${more} more wrong tensors are not drawn.</p>`] : []),
  ];
}
