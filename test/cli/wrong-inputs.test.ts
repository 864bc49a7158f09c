/** @file Every command refuses wrong inputs in one message with a remedy, with exit status 2, and with --json as one document. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badgeData, badgeText } from '../../src/cli/badge-file.ts';
import { packageVersion } from '../../src/cli/paths.ts';
import { root } from '../support/root.ts';
import { commandsWithJson } from './commands.ts';
import { densessmHere } from './run.ts';
import { wrongInputs } from './wrong-inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-wrong-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** The words of a call. */
const wordsOf = (text: string): string[] =>
  text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => (word === '""' ? '' : word.replace('@/', `${folder}/`)));

/** Reports of checks without a row, by name, and badges of them. */
function reportsAndBadges(): Record<string, string> {
  const size = ['--sizes', 'small', '--cases', '3', '--seed', '1', '--compile-limit', '600', '--total', '900'];
  const askedBy = (...options: string[]) => ({
    ...{ densessm: packageVersion(), command: 'npx densessm check', options: [...options, ...size] },
    ...{ cases: 3, seed: 1, accepted: [], isNarrowed: false },
  });
  const found = { ok: false, backend: 'none', rows: [], wrongEntries: [], problems: [] };
  const asked = askedBy('--device', 'cpu');
  const report = { schema: 'densessm/check', version: 1, ...found, asked, failures: [] };
  const shard = { i: 1, n: 2, densessm: packageVersion(), asked: [], offered: [] };
  const own = badgeText(badgeData(found, asked));
  return {
    'report.json': JSON.stringify(report),
    'half.json': JSON.stringify({ ...report, rows: [{ operator: 'gate' }] }),
    'shard.json': JSON.stringify({ ...report, shard }),
    'question.json': JSON.stringify({ ...report, asked: askedBy('--path', '0:1') }),
    'own.svg': own,
    'edited.svg': own.replaceAll('FAIL, nothing compared', 'PASS'),
    'theirs.svg': badgeText(badgeData(found, askedBy('--backend', `touch ${at('run/touched')}`))),
  };
}

/** Makes the files that the table names. */
async function makeFiles(): Promise<void> {
  mkdirSync(at('empty'));
  for (const [name, content] of Object.entries({
    'roses.txt': 'a rose is a rose is not; '.repeat(12),
    'short.txt': 'a',
    'binary.txt': Uint8Array.of(0xff, 0xfe, 0, 1),
    'broken.toml': 'steps = = 3',
    'broken.json': '{"schema": ',
    'other.json': '{"schema": "densessm/plot", "version": 1, "ok": true}',
    ...reportsAndBadges(),
  }))
    writeFileSync(at(name), content);
  mkdirSync(at('set'));
  writeFileSync(at('set/manifest.json'), '{"schema": "densessm/vectors-manifest", "version": 1}');
  const small = wordsOf('--model mamba --width 8 --layers 1 --length 12 --batch 2 --on f64 --steps 1');
  const made = async (words: string, ...more: string[]): Promise<void> =>
    expect((await densessmHere(...wordsOf(words), ...more)).stderr).toBe('');
  await made('train @/roses.txt --out @/run', ...small);
  await made('train --task selective-copying --set items=2 --set symbols=3 --out @/task', ...small);
  await made('ablate @/roses.txt --vary rate=0.001,0.01 --seeds 1 --out @/grid', ...small);
  await made('export @/run --as transformers --out @/theirs');
  const damaged = (name: string, of: string, file: string, content: string | Uint8Array): void => {
    cpSync(at(of), at(name), { recursive: true });
    writeFileSync(at(`${name}/${file}`), content);
  };
  damaged('damaged', 'run', 'checkpoint-1/training.json', '{');
  damaged('no-metrics', 'run', 'metrics.jsonl', '');
  damaged('bad-metrics', 'run', 'metrics.jsonl', '{"step": \n');
  damaged('theirs-cut', 'theirs', 'model.safetensors', readFileSync(at('theirs/model.safetensors')).subarray(0, 100));
  damaged('theirs-config', 'theirs', 'config.json', '{}');
}

describe('wrong inputs', { timeout: 60_000 }, () => {
  beforeAll(makeFiles, 60_000);

  it('are listed for every command, ten at least, each once', async () => {
    expect(Object.keys(wrongInputs).toSorted()).toEqual((await commandsWithJson()).toSorted());
    for (const [command, rows] of Object.entries(wrongInputs)) {
      const calls = new Set(rows.map(([words]) => words));
      expect({ command, isEnough: calls.size >= 10, isOnce: calls.size === rows.length }).toEqual({
        command,
        isEnough: true,
        isOnce: true,
      });
    }
  });

  it.each(Object.keys(wrongInputs))('of %s are refused', async (command) => {
    const runs = (): string[] => (existsSync(join(root, 'runs')) ? readdirSync(join(root, 'runs')) : []);
    const before = runs();
    const found: unknown[] = [];
    const wanted: unknown[] = [];
    for (const [i, [words, message]] of wrongInputs[command]!.entries()) {
      // every third one with --json too: its document has the same message
      const isJson = i % 3 === 0;
      const json = isJson && !words.includes('--json') ? ['--json'] : [];
      const { status, stdout, stderr } = await densessmHere(...wordsOf(`${command} ${words}`), ...json);
      const said = (text: string): string => {
        const own = text.replaceAll(folder, '@');
        return own.includes(message) ? message : own;
      };
      const lines = stderr.trim().split('\n');
      found.push({
        words,
        status,
        says: said(stderr),
        // a message, perhaps a nearest name, and where the options are listed
        isShort: lines.length <= 3 && lines[0]!.startsWith('error: ') && !/^\s+at /m.test(stderr),
        ...(isJson && { json: said(JSON.parse(stdout).error) }),
      });
      wanted.push({ words, status: 2, says: message, isShort: true, ...(isJson && { json: message }) });
    }
    expect(found).toEqual(wanted);
    // a refused command leaves no folder of its own
    expect(runs()).toEqual(before);
  });
});
