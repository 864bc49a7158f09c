/**
 * @file Times training steps in a page of headless Chromium, in densessm, jax-js and TensorFlow.js, in turns; in a page that is isolated from
 * other origins, where threads may share memory, and in one that is not. `npm run bench:pages -- [small] [large]` installs the peers in
 * tools/peers and runs this. DENSESSM_BROWSER names the Chromium, /usr/bin/chromium unless given.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { sizes } from './pages/network.ts';

/** Steps that are not counted, and those that are. */
const [warmUp, samples] = [3, 15];

const executablePath = process.env.DENSESSM_BROWSER ?? '/usr/bin/chromium';
const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.find((name) => sizes[name] === undefined);
if (unknown !== undefined) {
  console.error(`bench:pages: there is no size '${unknown}'; there are ${Object.keys(sizes).join(', ')}`);
  process.exit(2);
}
const chosen = positionals.length === 0 ? Object.keys(sizes) : positionals;

type Begun = { readonly about?: string; readonly failed?: string };
type Stepped = { readonly loss: number; readonly seconds: number } | { readonly failed: string };

// this file runs compiled, in .bench/bench; the page does not
const root = fileURLToPath(new URL('../../tools/peers/page', import.meta.url));
const outDir = fileURLToPath(new URL('../pages', import.meta.url));
const { build, preview } = await import('vite');
const common = { root, base: './', configFile: false, logLevel: 'error' } as const;
const options = { outDir, emptyOutDir: true, chunkSizeWarningLimit: 4000, target: 'es2022' };
await build({ ...common, build: options });

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** Runs a task in a page of its own browser and server. */
async function inPage(isIsolated: boolean, task: (page: Page) => Promise<void>): Promise<void> {
  const headers = isIsolated ? isolation : {};
  const server = await preview({ ...common, build: options, preview: { host: '127.0.0.1', port: 0, headers } });
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: ['--disable-quic', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    const { port } = new URL(server.resolvedUrls!.local[0]!);
    await page.goto(`http://localhost:${port}`);
    await page.waitForFunction('globalThis.trains');
    await task(page);
  } finally {
    await browser.close();
    await server.close();
  }
}

const middle = (numbers: readonly number[], part = 0.5): number =>
  numbers.toSorted((a, b) => a - b)[Math.round(part * (numbers.length - 1))]!;

/** What a task gives, or a failure after a minute. */
const inTime = (task: Promise<Stepped>): Promise<Stepped> =>
  Promise.race([task, new Promise<Stepped>((end) => setTimeout(end, 6e4, { failed: 'no step in a minute' }).unref())]);

/** Trains a size in all libraries, and prints a line for each. */
async function train(page: Page, name: string): Promise<void> {
  const { about, tokens, isIsolated } = (await page.evaluate(`trains.begin('${name}')`)) as {
    readonly about: Readonly<Record<string, Begun>>;
    readonly tokens: number;
    readonly isIsolated: boolean;
  };
  console.log(`\n${name}: ${tokens} tokens a step, ${isIsolated ? 'isolated' : 'not isolated'}`);
  const failed = new Map(
    Object.entries(about).flatMap(([library, own]) => (own.failed ? [[library, own.failed]] : [])),
  );
  const seconds = new Map<string, number[]>();
  const losses = new Map<string, number[]>();
  for (let round = 0; round < warmUp + samples; round++) {
    for (const library of Object.keys(about)) {
      if (failed.has(library)) continue;
      const stepped = await inTime(page.evaluate(`trains.step('${library}')`) as Promise<Stepped>);
      if ('failed' in stepped) failed.set(library, stepped.failed);
      else {
        losses.set(library, [...(losses.get(library) ?? []), stepped.loss]);
        if (round >= warmUp) seconds.set(library, [...(seconds.get(library) ?? []), stepped.seconds]);
      }
    }
  }
  const ours = losses.get('densessm') ?? [];
  const own = middle(seconds.get('densessm') ?? []);
  for (const [library, { about: kind }] of Object.entries(about)) {
    const why = failed.get(library);
    const other = (losses.get(library) ?? []).findIndex((loss, k) => Math.abs(loss - ours[k]!) > 1e-3 * ours[k]!);
    if (why !== undefined || other >= 0) {
      const at = losses.get(library)?.[other];
      console.log(`  ${library.padEnd(20)} ${why ?? `another loss at step ${other + 1}: ${at}, not ${ours[other]}`}`);
      continue;
    }
    const all = seconds.get(library)!;
    const [rate, low, high] = [0.5, 0.75, 0.25].map((part) => (tokens / middle(all, part)).toFixed(0));
    console.log(
      `  ${library.padEnd(20)} ${rate!.padStart(6)} tokens/s (${low}–${high}), ${(middle(all) / own).toPrecision(3)} times our time; ` +
        `losses ${losses.get(library)![0]!.toFixed(6)} … ${losses.get(library)!.at(-1)!.toFixed(6)}; ${kind}`,
    );
  }
}

for (const isIsolated of [true, false]) {
  await inPage(isIsolated, async (page) => {
    for (const name of chosen) await train(page, name);
  });
}
