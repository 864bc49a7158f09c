import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Equation,
  equations,
  equationTotal,
  evidenceLegend,
  numberingNote,
  openReadings,
  scopeOfMarks,
} from '../../spec/index.ts';

const folder = new URL('../../spec/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const text = (name: string) => readFileSync(new URL(name, folder), 'utf8');

/** The docstring directly above `export function name`. */
function docstring(file: string, name: string): string {
  const before = text(file).split(`export function ${name}(`)[0]!;
  return before.slice(before.lastIndexOf('/**'));
}

/** The letters of the glossary's table of axes. */
function axisLetters(): string[] {
  const [, table] = text('GLOSSARY.md').split(/^## /m);
  return [...table!.matchAll(/^\| (`[a-z]`(?:, `[a-z]`)*) /gm)].flatMap(([, cell]) => cell!.match(/[a-z]/g)!);
}

/** The operands of a record's shapes: `W_o` and `o`, `e` of `W_o [o, e]`. */
const operandsOf = (shapes: string) =>
  shapes
    .split(' -> ')[0]!
    .split(/, (?![^[]*\])/)
    .map((operand) => {
      const [, name, axes] = /^(\S+)(?: (\[.*\]))?$/.exec(operand)!;
      return { name: name!, letters: lettersIn(axes ?? '') };
    });

const lettersIn = (axes: string): string[] => axes.match(/[\p{L}_]+/gu) ?? [];

/** Converts LaTeX to the notation of the shapes: W_up, h'_t^l-i, Ā, γ. */
const plain = (latex: string): string =>
  latex
    .replace(/\\bar\{(\w)\}/g, '$1\u0304')
    .replace(/\\mathrm\{(\w+)\}/g, '$1')
    .replaceAll('\\gamma', 'γ')
    .replaceAll('\\Theta', 'Θ')
    .replaceAll('\\phi', 'φ')
    .replace(/[{}]/g, '')
    .normalize('NFC');

/** The operands that are missing in both the formula and the note. */
const unnamed = ({ latex, note, shapes }: Pick<Equation, 'latex' | 'note' | 'shapes'>): string[] =>
  operandsOf(shapes)
    .map(({ name }) => plain(name))
    .filter((name) => !plain(`${latex} ${note ?? ''}`).includes(name));

describe('the equation registry', () => {
  it('has Equations 1 to 25, each once, in order', () => {
    expect(equations.map((equation) => equation.number)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(equationTotal).toBe(25);
    expect(new Set(equations.map((equation) => equation.definition)).size).toBe(equations.length);
  });

  it('marks equations that a secondary source describes, with numbers that are still reconstructed', () => {
    const described = equations.filter(({ evidence }) => evidence.includes('S'));
    expect(described.map(({ number }) => number)).toEqual([9, 12, 13, 14, 15, 16, 17, 18]);
    for (const { evidence } of described) expect(evidence).toContain('R');
  });

  it.each(equations)('Eq. $number, $name: its record follows its definition', ({ number, chapter, definition }) => {
    expect(text(chapter)).toMatch(
      new RegExp(
        `^export function ${definition.name}\\([^]*?^}\\n\\n[^\\n]+\\nexport const equation${number}: Equation =`,
        'm',
      ),
    );
  });

  it.each(equations)('Eq. $number, $name: its docstring gives number, shapes and evidence', (equation) => {
    const doc = docstring(equation.chapter, equation.definition.name);
    expect(doc).toContain(`Eq. ${equation.number}, `);
    expect(doc).toContain('Shapes: ');
    expect(doc).toContain(`Evidence [${equation.evidence.join(', ')}]`);
    expect(numberingNote(equation)).toContain('not verified against the PDF');
    const inPaper = `may be Eq. ${equation.number + 1} in the paper`;
    expect(numberingNote(equation).includes(inPaper)).toBe(equation.number > 13);
    expect(equation.latex.split('{').length).toBe(equation.latex.split('}').length);
  });

  it('states only in evidence.ts, for all equations, that numbers are not verified', () => {
    expect(scopeOfMarks).toMatch(/every equation is not verified against the PDF/);
    expect(evidenceLegend).not.toContain('verified');
    expect(files.filter((name) => /verified/.test(text(name)))).toEqual(['evidence.ts']);
  });

  it.each(equations)('Eq. $number, $name: its shapes have axes in the letters of the glossary', ({ shapes }) => {
    const given = operandsOf(shapes).flatMap(({ letters }) => letters);
    const result = lettersIn(shapes.split(' -> ')[1]!.replace(/^number$/, ''));
    expect([...given, ...result].filter((letter) => !axisLetters().includes(letter))).toEqual([]);
  });

  it.each(equations)('Eq. $number, $name: every operand is in its formula or its note', (equation) => {
    expect(unnamed(equation)).toEqual([]);
  });

  it('is parsed strictly enough to find an unknown letter or operand', () => {
    expect(axisLetters()).toEqual([...'btshdenoigpkcljwr']);
    expect(operandsOf('o [width], W_down [w, r] -> [w]')).toEqual([
      { name: 'o', letters: ['width'] },
      { name: 'W_down', letters: ['w', 'r'] },
    ]);
    const equation = equations.at(-1)!;
    expect(unnamed({ latex: equation.latex, shapes: equation.shapes })).toEqual(['S_0']);
  });
});

describe('the open readings', () => {
  it('have distinct names', () => {
    expect(new Set(openReadings.map((reading) => reading.name)).size).toBe(openReadings.length);
  });

  it.each(openReadings)('$name: default and authors are among the readings', (reading) => {
    expect(reading.readings).toContain(reading.default);
    if (reading.authors !== undefined) {
      expect(reading.readings).toContain(reading.authors);
      expect(reading.authors).not.toBe(reading.default);
    }
    expect(new Set(reading.readings).size).toBe(reading.readings.length);
    expect(reading.reason.length).toBeGreaterThan(20);
  });
});

describe('the folder', () => {
  it.each(files)('%s imports nothing from outside spec/', (name) => {
    const imports = [...text(name).matchAll(/(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
      (match) => match[1]!,
    );
    expect(imports.filter((path) => !files.includes(path.replace('./', '')))).toEqual([]);
  });

  it.each(files)('%s is shorter than 200 lines and its functions than 16', (name) => {
    const lines = text(name).split('\n');
    expect(lines.length).toBeLessThan(200);
    const lengths = lines.flatMap((line, start) => {
      if (!/^(export )?function /.test(line)) return [];
      return [lines.indexOf('}', start) - start + 1];
    });
    expect(Math.max(0, ...lengths)).toBeLessThan(16);
  });

  it('exports every file from index.ts', () => {
    const exported = [...text('index.ts').matchAll(/'\.\/([^']+)'/g)].map((match) => match[1]!);
    expect(exported.toSorted()).toEqual(files.filter((name) => name !== 'index.ts').toSorted());
  });

  it('has files, imports and functions, so the checks above are not vacuous', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(text('dense-retnet.ts')).toMatch(/from '\.\/notation\.ts'/);
    expect(text('dense-retnet.ts')).toMatch(/^export function /m);
  });
});
