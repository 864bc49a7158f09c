/** @file The JSON Schemas of the package: every command's --json has one and fits it, and a document with a fault does not. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sayJson } from '../../src/cli/console.ts';
import { everyMode } from '../../src/oracle/verify.ts';
import { documentIn, schemaErrors, schemaFileOf, schemaFiles } from '../support/schemas.ts';
import { commandsWithJson } from './commands.ts';
import { captured, densessm, densessmHere, type Run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-schemas-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

/** Kernels with one right operator, and one that forgets its state. */
const kernels = `import { rmSync } from 'node:fs';
const linearScan = { modes: ['recurrent'], run: ({ a, b, state }) => {
  const [n, t, c] = a.shape;
  const out = { shape: a.shape, data: new Float64Array(n * t * c) };
  const h = new Float64Array(n * c);
  for (let i = 0; i < n; i++) for (let k = 0; k < t; k++) for (let j = 0; j < c; j++)
    out.data[(i * t + k) * c + j] = h[i * c + j] = a.data[(i * t + k) * c + j] * h[i * c + j] + b.data[(i * t + k) * c + j];
  return { output: out, state: { shape: state.shape, data: h } };
} };
// the folder of the report: it cannot be written at the end
rmSync('GONE', { recursive: true, force: true });
export default { name: 'forgetful', operators: { linearScan } };`;

const accepted = `[[accepted]]
operator = "linearScan"
mode = ["recurrent", "scan"]
type = "F32"
tensors = ["out/output"]
explanation = "every number is 0"
reason = "a test"
expires = 2999-01-01
`;

const small = ['--width', '16', '--layers', '1', '--length', '12', '--batch', '2', '--on', 'f64'];

/** The files of schemas of documents; `parts` has what they share. */
const schemas = schemaFiles.filter((name) => name !== 'parts-1.json');

type Document = Readonly<Record<string, unknown>>;

/** Objects whose names are no fields: of tensors, letters, settings, options. In settings of an operator any value may stand. */
const isMap = (path: string): boolean =>
  /\/(values|vary|fixed|wrongIn|lengths|cotangents|inputs|domain\/axes|held|differ|set|settings|faults|faults\/\*)$/.test(
    path,
  );
const isFree = (path: string): boolean =>
  /\/(apart\/\*|smallest|judged\/\*|cases\/\*)\/settings$|^\/problem\/(domain\/)?settings/.test(path);

/** The fields that a document of each schema may lack, of those printed here. */
const optional: Readonly<Record<string, readonly string[]>> = {
  'badge-1.json': ['/command', '/differs'],
  'check-1.json': [
    '/causes',
    '/error',
    '/rows/*/accepted',
    '/rows/*/causes',
    '/rows/*/finding/smallest/memory',
    '/rows/*/judged',
    '/rows/*/unaccepted',
  ],
  'degradation-1.json': ['/curves/*/pass'],
  'equations-1.json': ['/equations/*/place', '/shard', '/verified'],
  'readings-1.json': ['/readings/*/apart', '/readings/*/authors'],
  'runs-1.json': ['/runs/*/accuracy', '/runs/*/loss', '/runs/*/validation'],
  'train-1.json': ['/accuracy', '/asked', '/equalSizeTo', '/loss', '/right', '/validation'],
  'vectors-manifest-1.json': ['/cases/*/definition'],
  'verify-1.json': ['/operators', '/shard', '/vectors/cases/*/tensors/*/mode'],
};

/** Every object and array of a document with its path, in which numbers of arrays and names of maps are `*`: of each path the one of most fields. */
function parts(document: Document): Map<string, Record<string, unknown>> {
  const found = new Map<string, Record<string, unknown>>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Object.keys(value).length > Object.keys(found.get(path) ?? {}).length || !found.has(path))
      found.set(path, value as Record<string, unknown>);
    for (const [key, one] of Object.entries(value))
      visit(one, `${path}/${Array.isArray(value) || isMap(path) ? '*' : key}`);
  };
  visit(document, '');
  return found;
}

/** A value of another type than a field has. Numbers that JSON lacks are texts. */
const otherThan = (value: unknown): unknown =>
  value === null
    ? { is: 'another' }
    : typeof value === 'string' && !['Infinity', '-Infinity', 'NaN'].includes(value)
      ? 0
      : 'another';

/** The faults of a document that its schema lets pass: a field of another type or added, and one left out that is not optional. */
function passing(document: Document): { readonly faults: string[]; readonly without: string[] } {
  const found = { faults: new Set<string>(), without: new Set<string>() };
  const isRefused = (): boolean => schemaErrors(document).length > 0;
  for (const [path, part] of parts(document)) {
    if (isFree(path)) continue;
    const isList = Array.isArray(part);
    for (const [key, value] of Object.entries(part).slice(0, isList ? 1 : undefined)) {
      if (path === '' && ['schema', 'version'].includes(key)) continue;
      const name = `${path}/${key}`;
      part[key] = otherThan(value);
      if (!isRefused()) found.faults.add(`${name} of another type`);
      if (!isList && !isMap(path)) {
        delete part[key];
        if (!isRefused()) found.without.add(name);
      }
      part[key] = value;
    }
    if (isList) continue;
    part.undocumented = { is: true };
    if (!isRefused()) found.faults.add(`${path}/undocumented`);
    delete part.undocumented;
  }
  return { faults: [...found.faults], without: [...found.without] };
}

describe('what commands print with --json', { timeout: 240_000 }, () => {
  const documents = new Map<string, Document[]>();
  const calls = ['check ', 'verify '];
  let unwritten: Run;
  const keepText = (text: string): void => {
    const document = documentIn(text);
    const name = schemaFileOf(document);
    documents.set(name, [...(documents.get(name) ?? []), document]);
  };
  const keep = ({ stdout }: Run): void => keepText(stdout);
  const asked = async (...args: string[]): Promise<void> => {
    const run = await densessmHere(...args, '--json');
    if (run.status === 2) throw new Error(`${args.join(' ')}: ${run.stderr}`);
    calls.push(`${args.join(' ')} `);
    keep(run);
  };

  beforeAll(async () => {
    const text = write('roses.txt', 'a rose is a rose is not; '.repeat(12));
    const task = ['--task', 'selective-copying', '--set', 'items=2', '--set', 'symbols=3', '--model', 'mamba'];
    await asked('train', text, '--model', 'mamba', ...small, '--steps', '2', '--out', at('runs/text'));
    await asked('train', ...task, ...small, '--steps', '2', '--out', at('runs/task'), '--equal-size-to', 'mamba');
    await asked('export', at('runs/text'), '--as', 'transformers', '--out', at('theirs'));
    await asked('import', at('theirs'), '--out', at('runs/imported'));
    await asked('sample', at('runs/text'), '--tokens', '2');
    await asked('sample', at('runs/task'));
    const { row } = documents.get('sample-1.json')![1] as { row: string };
    await asked('sample', at('runs/task'), '--prompt', row);
    await asked('runs', at('runs'));
    await asked('plot', at('runs/text'), at('runs'));
    const grid = [text, '--model', 'mamba', ...small, '--steps', '1', '--vary', 'rate=0.001,0.01', '--seeds', '2'];
    await asked('ablate', ...grid, '--plan');
    await asked('ablate', ...grid, '--out', at('grid'));
    await asked('merge', at('grid'));
    await asked('problem', 'retention', '--as', 'flashinfer', '--out', at('problem'), '--axes', 't=4');
    await asked('tasks');
    await asked('readings');
    await asked('readings', 'carry');
    await asked('degradation', '--layers', '1', '--count', '1');
    await asked('equations', '--operator', 'linearScan', '--cases', '2');
    await asked('equations', '1', '--cases', '2');
    await asked('equations', '--operator', 'linearScan', '--cases', '2', '--shard', '1/1');
    await asked('vectors', 'check', 'test/vectors/retnet');
    keep(await densessmHere('vectors', 'check', at('nowhere'), '--json'));
    await asked('vectors', 'write', at('vectors'), '--operator', 'realCombine', 'rotary');
    keepText(readFileSync(at('vectors/manifest.json'), 'utf8'));
    await asked('coverage', at('vectors'), '--operator', 'rotary', '--questions', '4');
    mkdirSync(at('gone'));
    const module = write('kernels.mjs', kernels.replace('GONE', at('gone')));
    const check = [
      'check',
      '--module',
      module,
      '--dtype',
      'F32',
      '--cases',
      '4',
      '--longest',
      '5',
      '--operator',
      'linearScan',
    ];
    unwritten = densessm(
      ...check,
      '--keep-going',
      '--accept',
      write('a.toml', accepted),
      '--html',
      at('gone/x.html'),
      '--json',
    );
    keep(unwritten);
    const badge = at('badge.svg');
    await asked('badge', write('report.json', unwritten.stdout), '--out', badge);
    keep(densessm('badge', '--replay', badge, '--module', module, '--json'));
    keepText(/<metadata.*?>(.*)<\/metadata>/s.exec(readFileSync(badge, 'utf8'))![1]!);
    keep(densessm('verify', '--cases', '1', '--longest', '2', '--shard', '1/1', '--json'));
    keep(densessm('verify', '--operator', 'realCombine', '--cases', '1', '--longest', '2', '--json'));
  }, 240_000);

  it('has a schema, and each schema a document here', () => {
    expect([...documents.keys()].toSorted()).toEqual(schemas);
  });

  it('is of every command', async () => {
    const isIn = (command: string) => calls.some((call) => call.startsWith(`${command} `));
    expect((await commandsWithJson()).filter((command) => !isIn(command))).toEqual([]);
  });

  it('is one document with result and error where a file cannot be written at the end', () => {
    const [found] = documents.get('check-1.json')!;
    expect(unwritten.status).toBe(2);
    expect(found).toMatchObject({ ok: false, error: expect.stringContaining('x.html: its folder does not exist') });
    expect(unwritten.stderr).toContain(found!.error);
    expect(found!.rows).not.toEqual([]);
  });

  it('has all rows of verify', () => {
    const [{ ok, rows }] = documents.get('verify-1.json')! as [{ ok: boolean; rows: unknown[] }];
    expect({ ok, rows: rows.length }).toEqual({ ok: true, rows: everyMode().length });
  });

  it.each(schemas)('%s refuses every fault, and only optional fields may be absent', (name) => {
    const found = documents.get(name)!.map((document) => passing(structuredClone(document)));
    expect(found.flatMap(({ faults }) => faults)).toEqual([]);
    expect([...new Set(found.flatMap(({ without }) => without))].toSorted()).toEqual(optional[name] ?? []);
  });

  it.each([
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [Number.NaN, 'NaN'],
  ])('has %s as the text %s', async (number, text) => {
    const curves = [{ denseLayers: 0, residual: 0, left: [number] }];
    const part = () => {
      sayJson('degradation', { ok: false, of: 'stacks', layers: 1, count: 1, seed: 1, curves });
      return 0;
    };
    expect(documentIn((await captured(part)).stdout)).toMatchObject({ curves: [{ left: [text] }] });
  });
});
