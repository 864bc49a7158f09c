/**
 * @file Measures the site in .site in a Chromium: Lighthouse's scores, bytes of script, the time to the first computed number on a slow
 * processor, and that of an answer of a lab. Lighthouse comes by npx: it weighs 186 MB, and nothing else needs it.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium, type Page } from 'playwright-core';
import { root } from '../test/support/root.ts';
import { labs } from './labs/index.ts';

const site = join(root, '.site');
const executablePath = process.env.DENSESSM_BROWSER ?? '/usr/bin/chromium';
const repeats = 3;
/** A start page and a chapter stand for their kinds. Lighthouse also sees the pages that arguments name. */
const chapterPath = 'spec/19-retention.html';
const pages = ['index.html', chapterPath, ...process.argv.slice(2)];

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

/** Serves the site compressed, as static hosts do and Vite's preview does not. */
function served(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
    const file = join(site, path.endsWith('/') ? `${path}index.html` : path);
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    const type = types[extname(file)] ?? 'application/octet-stream';
    const isText = type !== 'font/woff2' && type !== 'application/octet-stream';
    const bytes = readFileSync(file);
    response.writeHead(200, { 'content-type': type, ...(isText && { 'content-encoding': 'gzip' }) });
    return response.end(isText ? gzipSync(bytes) : bytes);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** The number in the middle, with the least and the most. */
function spread(numbers: readonly number[], digits = 0): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [least, middle, most] = [0, sorted.length >> 1, sorted.length - 1].map((i) => sorted[i]!.toFixed(digits));
  return `${middle} (${least} to ${most})`;
}

const say = (...parts: readonly string[]): void =>
  console.log([...parts, `load ${loadavg()[0]!.toFixed(1)}`].join(' · '));

/** A report of Lighthouse, as far as it is used. */
interface Report {
  readonly categories: Readonly<Record<string, { readonly score: number }>>;
  readonly audits: Readonly<
    Record<string, { readonly id: string; readonly score: number | null; readonly numericValue?: number }>
  >;
}

const categories = ['performance', 'accessibility', 'best-practices'];
const audits = {
  'first paint ms': 'first-contentful-paint',
  'largest paint ms': 'largest-contentful-paint',
  'blocked ms': 'total-blocking-time',
  'layout shift': 'cumulative-layout-shift',
};

/** Runs Lighthouse as it is by default: a phone, its processor and network simulated. */
async function lighthouse(address: string): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'densessm-lighthouse-'));
  const flags = ['--chrome-flags=--headless=new --no-sandbox', `--only-categories=${categories}`];
  const args = ['--yes', 'lighthouse@12.8.2', address, '--output=json', '--output-path=report.json', ...flags];
  try {
    await promisify(execFile)('npx', args, { cwd: folder, env: { ...process.env, CHROME_PATH: executablePath } });
    return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function scores(address: string, path: string): Promise<void> {
  const reports: Report[] = [];
  for (let k = 0; k < repeats; k++) reports.push(await lighthouse(address + path));
  const parts = categories.map((name) => `${name} ${spread(reports.map((one) => 100 * one.categories[name]!.score))}`);
  for (const [name, id] of Object.entries(audits))
    parts.push(
      `${name} ${spread(
        reports.map((one) => one.audits[id]!.numericValue!),
        name.endsWith('ms') ? 0 : 3,
      )}`,
    );
  say(path, ...parts);
  // scores of the other two categories have no noise
  const [last] = reports.slice(-1);
  const missed = categories.slice(1).filter((name) => last!.categories[name]!.score < 1);
  if (missed.length === 0) return;
  const low = Object.values(last!.audits).filter(({ score }) => score !== null && score < 0.9);
  console.log(`  below 100 in ${missed}; low audits: ${low.map(({ id }) => id).join(', ')}`);
}

/** Opens a page that nothing is cached for, and counts the bytes of scripts as they came over the network. */
async function fresh(browser: Browser, slowdown: number): Promise<{ page: Page; bytes: () => number }> {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const scripts = new Set<string>();
  let sum = 0;
  session.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) sum += encodedDataLength;
  });
  return { page, bytes: () => sum };
}

/** Goes to the first case as soon as the page has it, and changes a number as soon as that computes. */
const changesFirst = `new MutationObserver((_, parsing) => {
  const section = document.querySelector('.worked');
  if (section === null) return;
  parsing.disconnect();
  section.scrollIntoView();
  new MutationObserver((_, waiting) => {
    waiting.disconnect();
    const field = section.querySelector('input');
    field.value = Number(field.value) + 1;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    globalThis.firstNumber = performance.now();
  }).observe(section, { attributes: true, attributeFilter: ['data-live'] });
}).observe(document, { childList: true, subtree: true })`;

/**
 * Scripts before a lab is opened, and the time from the address to the first number that the page itself has computed: on the first change of
 * an input. A script in the page takes it, as Playwright's own would wait for a processor that is slowed down.
 */
async function chapter(browser: Browser, address: string, path: string): Promise<void> {
  const times: number[] = [];
  let most = 0;
  for (let k = 0; k < repeats; k++) {
    const { page, bytes } = await fresh(browser, 4);
    await page.addInitScript(changesFirst);
    await page.goto(address + path);
    const found = await page.waitForFunction('globalThis.firstNumber', null, { polling: 1000 });
    times.push((await found.jsonValue()) as number);
    most = Math.max(most, bytes());
    await page.context().close();
  }
  say(path, `first computed number at 4× slowdown, ms ${spread(times)}`, `script, bytes ${most}`);
}

/** Milliseconds of processor time that pages have taken so far, in all threads. Other work on the machine lengthens it less than the clock's. */
async function processorTime(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return 1000 * processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Times from a change of each slider to the answer, and how long the page itself was busy with it. */
async function answers(browser: Browser, address: string, name: string): Promise<void> {
  const { page } = await fresh(browser, 1);
  await page.goto(`${address}lab/${name}.html`);
  await page.locator('form[data-live=""]').waitFor();
  const sliders = '.controls input[type=range]';
  const names = await page.locator(sliders).evaluateAll((all) => all.map((one) => one.getAttribute('name')!));
  for (const [i, slider] of names.entries()) {
    const before = await processorTime(browser);
    const found = (await page.evaluate(`(async () => {
      const field = document.querySelectorAll('${sliders}')[${i}];
      const form = document.querySelector('form');
      const answered = () => new Promise((resolve) => {
        const observer = new MutationObserver(() => form.dataset.live === '' && (observer.disconnect(), resolve()));
        observer.observe(form, { attributes: true });
      });
      const values = [Number(field.min), Number(field.max), Number(field.min) + Number(field.step)];
      const times = [];
      for (const value of [...values, ...values, ...values]) {
        const begin = performance.now();
        field.value = value;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        const own = performance.now() - begin;
        await answered();
        times.push([performance.now() - begin, own]);
      }
      return times;
    })()`)) as [number, number][];
    const processor = ((await processorTime(browser)) - before) / found.length;
    const [whole, own] = [found.map((one) => one[0]), found.map((one) => one[1])];
    const parts = [`answer, ms ${spread(whole)}`, `processor time, ms ${processor.toFixed(0)}`];
    say(`lab ${name}, ${slider}`, ...parts, `control, ms ${spread(own, 1)}`);
  }
  await page.context().close();
}

const server = await served();
const address = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
const browser = await chromium.launch({ executablePath });
try {
  for (const path of pages) await scores(address, path);
  await chapter(browser, address, chapterPath);
  for (const lab of labs) if ('view' in lab) await answers(browser, address, lab.name);
} finally {
  await browser.close();
  server.close();
}
