/** @file Writes two readings side by side: where their code parts, the smallest input that tells them apart, and the numbers of both. */
import { openReadings } from '../spec/readings.ts';
import { type Apart, type ReadingQuestion, tellApart } from '../src/oracle/readings/apart.ts';
import { inputRows, listed, withLetter, words } from '../src/oracle/readings/block.ts';
import { questions } from '../src/oracle/readings/questions.ts';
import { type Chapter, pageOf } from './chapters.ts';
import type { Renderers } from './equation.ts';
import { codeList, escaped, link, relativeTo } from './html.ts';

/** Finds the smallest case of each question about readings with these names. */
export async function casesApart(names: readonly string[]): Promise<Apart[]> {
  const asked = questions.filter(({ reading }) => names.includes(reading));
  const found = await Promise.all(asked.map(tellApart));
  return found.filter((one) => one !== null);
}

/** The end of the expression that begins at `start`: where a bracket closes that it did not open, or a semicolon, comma or colon follows. */
function endOf(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if ('([{'.includes(text[i]!)) depth++;
    if (depth === 0 && ')]};:,'.includes(text[i]!)) return i;
    if (')]}'.includes(text[i]!)) depth--;
  }
  return text.length;
}

/** A line with a choice by a reading, as it is under the readings `between`; null if the line has none. */
function sidesOf(line: string, between: readonly string[]): string[] | null {
  const choice = line.match(/[\w.]+ === '(\w+)' \? /);
  if (choice === null || !between.includes(choice[1]!)) return null;
  const start = choice.index! + choice[0].length;
  const colon = endOf(line, start);
  const end = endOf(line, colon + 2);
  const [first, other] = [line.slice(start, colon).trim(), line.slice(colon + 2, end)];
  return between.map((one) =>
    `${line.slice(0, choice.index)}${one === choice[1] ? first : other}${line.slice(end)}`.trim(),
  );
}

/** Where the code of two readings parts. */
interface CodeApart {
  readonly file: string;
  /** The code of each reading. */
  readonly sides: readonly string[];
  /** The exported function around it, if there is one. */
  readonly definition: string | undefined;
}

/** The name of the exported function that a part of a text belongs to; undefined if another function follows the last exported one. */
function functionAround(text: string, part: string): string | undefined {
  const before = text.slice(0, text.indexOf(part)).matchAll(/^(export )?(?:function|const) (\w+)/gm);
  const last = [...before].at(-1);
  return last?.[1] === undefined ? undefined : last[2];
}

/**
 * The code of both readings, from the first of `chapters` that chooses by them; null if none does in one line. The first chapter may take
 * the reading under a type of its own; the others name it.
 */
export function codeApart(
  { reading, between }: Pick<ReadingQuestion, 'reading' | 'between'>,
  chapters: readonly Chapter[],
): CodeApart | null {
  for (const { file, text } of chapters.filter((one, i) => i === 0 || one.text.includes(`Reading<'${reading}'>`))) {
    for (const line of text.split('\n')) {
      const sides = sidesOf(line, between);
      if (sides !== null) return { file, sides, definition: functionAround(text, line) };
    }
    const cases = between.map((one) => text.match(new RegExp(`case '${one}':\\s*(.*)`))?.[1]);
    if (cases.every((one) => one !== undefined))
      return { file, sides: cases, definition: functionAround(text, `case '${between[0]}':`) };
  }
  return null;
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[], label: string): string =>
  `<div class="table" tabindex="0" role="group" aria-label="${escaped(label)}"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead><tbody>
${rows.map(([name, ...cells]) => `<tr><th scope="row"><code>${escaped(name!)}</code></th>${cells.map((cell) => `<td><code>${escaped(cell)}</code></td>`).join('')}</tr>`).join('\n')}
</tbody></table></div>`;

/** One question: the code of both readings, its smallest case, and both results. `chapters` are searched for the code in their order. */
export function apartSection(one: Apart, page: string, chapters: readonly Chapter[], { code }: Renderers): string {
  const { question, c, differ, agree } = one;
  const { reading, between, operator, mode, word, name, symbols } = question;
  const settings = [...words(c.settings, [word, 'chunkSize'])].join(', ');
  const found = codeApart(question, chapters);
  const usual = openReadings.find((open) => open.name === reading)!.default;
  const titles = between.map((option) => `<code>${option}</code>${option === usual ? ' (default)' : ''}`);
  const label = `${name}, ${between.join(' or ')}`;
  return `<div class="apart"><h3>${link(relativeTo(page, `docs/readings.html#${reading.toLowerCase()}`), `<code>${reading}</code>`)}: ${titles.join(' or ')}</h3>
${
  found === null
    ? ''
    : `<div class="sides">${found.sides.map((side, i) => `<div><p class="origin">${titles[i]}</p>${code(side, 'typescript')}</div>`).join('\n')}</div>
<p class="origin">${found.definition === undefined ? '' : `In ${link(relativeTo(page, `api/spec.html#${found.definition}`), `<code>${found.definition}</code>`)}, `}${link(relativeTo(page, pageOf(found.file)), `<code>spec/${found.file}</code>`)}.</p>`
}
<p class="quiet">The smallest input found that tells them apart: ${link(relativeTo(page, `docs/operators.html#${operator.name.toLowerCase()}`), `<code>${operator.name}</code>`)}, ${mode} mode${settings === '' ? '' : `, ${escaped(settings)}`}.</p>
<div class="sides">${table(['input', 'numbers'], inputRows(one), `Inputs, ${label}`)}
<div>${table(
    ['output', ...titles],
    Object.entries(differ).map(([output, pair]) => [withLetter(output, symbols?.outputs), ...pair.map(listed)]),
    `Outputs, ${label}`,
  )}
${agree.length === 0 ? '' : `<p class="quiet">Equal under both: ${codeList(agree)}.</p>`}</div></div></div>`;
}
