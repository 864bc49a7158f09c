/** @file Writes the section of an equation: formula, symbols, code, evidence, readings, modes and laws. */
import { type Equation, numberingNote, type OtherFormula } from '../spec/equation.ts';
import { type Evidence, evidenceMeanings } from '../spec/evidence.ts';
import { openReadings } from '../spec/readings.ts';
import { laws } from '../src/oracle/laws/index.ts';
import { operators } from '../src/oracle/operators/index.ts';
import type { Apart } from '../src/oracle/readings/apart.ts';
import { anchorOf, type Chapter, codeOf, pageOf } from './chapters.ts';
import { type EquationSymbol, type GlossarySymbol, markedFormula, symbolsIn } from './glossary.ts';
import { codeList, escaped, indexed, link, prose, relativeTo } from './html.ts';
import { programsSection } from './programs.ts';
import { apartSection } from './readings.ts';
import { smallCase } from './small-case.ts';
import { workedSection } from './worked.ts';

/** The renderers of a page. The tests have plain ones. */
export interface Renderers {
  /** A formula in LaTeX as HTML, on a line of its own. */
  math(latex: string): string;
  /** A formula in LaTeX as HTML, within a line. */
  symbol(latex: string): string;
  /** A text in Markdown as HTML. */
  markdown(text: string): string;
  /** A program as HTML. `shown` gives the HTML of identifiers that are more than text. */
  code(text: string, language: string, shown?: (identifier: string) => string | undefined): string;
}

/** The operator that computes an equation. */
export const operatorOf = ({ number }: Equation) => operators.find((one) => one.equations?.includes(number))!;

/** The open readings that a definition names, in its code or its note. */
export const readingsOf = ({ note = '' }: Equation, code: string) =>
  openReadings.filter(({ name }) => `${note}\n${code}`.includes(`\`${name}\``) || code.includes(`Reading<'${name}'>`));

/** Rows of symbols. A symbol under the pointer, or with the focus, lights up in formula and code too: pages.css compares data-s. */
const legend = (symbols: ReadonlyMap<string, EquationSymbol>, { symbol }: Renderers): string =>
  [...symbols]
    .map(
      ([base, { code, shape, meaning }], i) =>
        `<li data-s="${i}" tabindex="0"><span>${symbol(base)}</span> <span>${codeList(code)} <code>${escaped(shape)}</code></span> <span>${escaped(meaning).replace(/\^\{([^}]*)\}/g, '<sup>$1</sup>')}</span></li>`,
    )
    .join('\n');

/** Links from a page to definitions in the API reference. */
const inApi = (page: string, names: readonly string[]): string =>
  `<p class="origin">API: ${names.map((name) => link(relativeTo(page, `api/spec.html#${name}`), `<code>${name}</code>`)).join(', ')}</p>`;

/** Evidence marks with their meanings. */
const marks = (evidence: readonly Evidence[]): string =>
  evidence.map((mark) => `<span class="mark" title="${escaped(evidenceMeanings[mark])}">${mark}</span>`).join(' ');

/** The formula of an equation under another reading. */
const otherFormula = (
  { reading, option, latex, note, evidence }: OtherFormula,
  page: string,
  { math }: Renderers,
): string =>
  `<div class="other"><p>Under the reading <code>${option}</code> of ${link(relativeTo(page, `docs/readings.html#${reading.toLowerCase()}`), `<code>${reading}</code>`)} ${marks(evidence)}</p>
<div class="formula" tabindex="0" role="group" aria-label="Formula, ${reading} ${option}">${math(latex)}</div>
<p class="quiet">${indexed(prose(note))}</p></div>\n`;

const fact = (name: string, content: string): string => `<dt>${name}</dt><dd>${content}</dd>`;

/** The section of an equation on the page of its chapter. */
export function equationSection(
  equation: Equation,
  chapter: Chapter,
  symbols: readonly GlossarySymbol[],
  renderers: Renderers,
  { all, apart }: { readonly all: readonly Chapter[]; readonly apart: readonly Apart[] },
): string {
  const { math, code } = renderers;
  const page = pageOf(chapter.file);
  const found = symbolsIn(equation, symbols);
  const bases = [...found.keys()];
  const nameOf = (index: number): string | undefined => (index < 0 ? undefined : `${index}`);
  const lit = (identifier: string): string | undefined => {
    const index = [...found.values()].findIndex((one) => one.code.includes(identifier));
    return index < 0 ? undefined : `<span data-s="${index}">${identifier}</span>`;
  };
  const text = codeOf(chapter, equation.definition.name);
  const operator = operatorOf(equation);
  const readings = readingsOf(equation, text);
  const small = smallCase(operator, equation.number);
  const held = laws.filter((law) => law.concerns(operator));
  // a chapter shows a reading once, at the first of its equations
  const isFirst = (reading: string): boolean =>
    chapter.equations.find((one) =>
      readingsOf(one, codeOf(chapter, one.definition.name)).some(({ name }) => name === reading),
    ) === equation;
  const anchor = anchorOf(equation);
  const docs = (to: string): string => relativeTo(page, `docs/${to}`);
  return `<section class="equation" id="${anchor}" aria-labelledby="${anchor}-name">
<h2 id="${anchor}-name"><a class="anchor" href="#${anchor}">Eq. ${equation.number}</a> ${escaped(equation.name)}</h2>
<div class="pair">
<div class="paper">
<div class="formula" tabindex="0" role="group" aria-label="Formula">${math(markedFormula(equation.latex, (base) => nameOf(bases.indexOf(base))))}</div>
<ul class="symbols" aria-label="Symbols">
${legend(found, renderers)}
</ul>
${equation.otherwise === undefined ? '' : otherFormula(equation.otherwise, page, renderers)}<dl class="facts">
${[
  fact('Shapes', `<code>${escaped(equation.shapes)}</code>`),
  ...(equation.note === undefined ? [] : [fact('Note', indexed(prose(equation.note)))]),
  fact(
    'Evidence',
    equation.evidence
      .map(
        (mark) =>
          `<div class="evidence"><span class="mark">${mark}</span> <span>${escaped(evidenceMeanings[mark])}</span></div>`,
      )
      .join(''),
  ),
  fact('Number', escaped(numberingNote(equation))),
  ...(readings.length === 0
    ? []
    : [
        fact(
          'Open readings',
          readings
            .map(
              (one) =>
                `${link(docs(`readings.html#${one.name.toLowerCase()}`), `<code>${one.name}</code>`)}: ${one.readings.join(' or ')}`,
            )
            .join('<br>'),
        ),
      ]),
  fact(
    'Operator',
    `${link(docs(`operators.html#${operator.name.toLowerCase()}`), `<code>${operator.name}</code>`)}, in the modes ${codeList(Object.keys(operator.modes))}`,
  ),
].join('\n')}
</dl>
</div>
<div class="code">${code(text, 'typescript', lit)}${inApi(page, [equation.definition.name])}</div>
</div>
${workedSection(operator, equation.number, small)}
${programsSection(operator, small)}
${apart
  .filter(({ question }) => readings.some(({ name }) => name === question.reading))
  .filter(({ question }) => isFirst(question.reading))
  .map((one) => apartSection(one, page, [chapter, ...all], renderers))
  .join('\n')}
<details class="laws"><summary>${held.length} laws hold in every mode</summary><ul>
${held.map(({ name, statement }) => `<li><code>${name}</code> ${prose(statement)}</li>`).join('\n')}
</ul></details>
</section>`;
}
