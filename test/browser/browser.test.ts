/** @file Tests the gpu executor in a page, bundled by Vite, in the Chromium that DENSESSM_BROWSER names. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { products } from '../support/products.ts';
import { seed } from '../support/property.ts';
import { root } from '../support/root.ts';
import { smallRun, withoutTimes } from '../support/training/run.ts';
import type { Exposed } from './page.ts';
import { swiftshader } from './switches.ts';

const executablePath = process.env.DENSESSM_BROWSER;

/** A host name of this machine other than localhost. Without https, Chromium gives its pages no WebGPU. */
const insecure = 'insecure.test';
const switches = ['--disable-quic', `--host-resolver-rules=MAP ${insecure} 127.0.0.1`];

/** Bundles the page into .browser and serves it, cross-origin isolated so that WebAssembly may share memory. */
async function served(): Promise<{ server: PreviewServer; warnings: string[]; modules: string[] }> {
  const { build, createLogger, preview } = await import('vite');
  const warnings: string[] = [];
  const logger = createLogger('silent');
  const customLogger = { ...logger, warn: (message: string) => void warnings.push(message) };
  const common = { root: import.meta.dirname, configFile: false, customLogger, logLevel: 'warn' } as const;
  // gpu.js alone is 631 kB
  const options = {
    outDir: join(root, '.browser'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1000,
    // whether a plugin is slow depends on the machine
    rolldownOptions: { checks: { pluginTimings: false } },
  };
  const built = await build({ ...common, build: options });
  if (!('output' in built)) throw new Error('one page is one output');
  const server = await preview({
    ...common,
    build: options,
    preview: {
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [insecure],
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    },
  });
  return { server, warnings, modules: built.output.flatMap((file) => ('moduleIds' in file ? file.moduleIds : [])) };
}

/** Calls a function of the page. */
const ask = <N extends keyof Exposed>(page: Page, name: N, ...given: Parameters<Exposed[N]>) =>
  page.evaluate(`densessm.${name}(...${JSON.stringify(given)})`) as ReturnType<Exposed[N]>;

if (executablePath === undefined) {
  it('prints that it did not run', () => {
    console.log(
      "browser: not run (DENSESSM_BROWSER names no Chromium). With Debian's: DENSESSM_BROWSER=/usr/bin/chromium npx vitest run test/browser/browser.test.ts",
    );
  });
} else {
  describe(`in ${executablePath}`, () => {
    let bundled: Awaited<ReturnType<typeof served>>;
    const running: { close(): Promise<void> }[] = [];

    /** Opens the page of a host in a new browser. */
    const opened = async (host: string, args: readonly string[]): Promise<Page> => {
      const { chromium } = await import('playwright-core');
      const browser = await chromium.launch({ executablePath, args: [...switches, ...args] });
      running.push(browser);
      const page = await browser.newPage();
      page.on('pageerror', (error) => console.error(error));
      const { port } = new URL(bundled.server.resolvedUrls!.local[0]!);
      await page.goto(`http://${host}:${port}`);
      await page.waitForFunction('globalThis.densessm');
      return page;
    };

    beforeAll(async () => {
      bundled = await served();
      running.push(bundled.server);
    });
    afterAll(async () => {
      await Promise.all(running.map((one) => one.close()));
    });

    it('is bundled without modules for Node only', () => {
      expect(bundled.warnings).toEqual([]);
      expect(bundled.modules.filter((id) => id.includes('node_modules/gpu.js/'))).toHaveLength(1);
      expect(bundled.modules.filter((id) => id.includes('node_modules/webgpu/'))).toEqual([]);
    });

    describe('with WebGPU', () => {
      let page: Page;
      beforeAll(async () => {
        page = await opened('localhost', swiftshader);
      });

      it('webgpu runs as one command list', async () => {
        const { ran, value, gradient } = await ask(page, 'gradient', 'webgpu', 4, 4);
        expect(ran).toMatchObject({ backend: 'webgpu', executorKind: 'fused-encoder', passedOver: [] });
        expect(ran.adapter).toMatch(/./);
        expect([value, ...gradient]).toEqual([36, 0, 3, 12, 27]);
        console.log(`browser: ${ran.backend} ran on ${ran.adapter}, executor ${ran.executorKind}`);
      });

      it('auto passes over an adapter that is software', async () => {
        const { ran, gradient } = await ask(page, 'gradient', 'auto', 10_000, 4);
        expect(ran).toMatchObject({ backend: 'wasm', executorKind: 'wasm' });
        expect(ran.passedOver[0]).toMatch(/^webgpu: adapter .* is software, slower than WebAssembly$/);
        expect(gradient).toEqual([0, 3, 12, 27]);
      });

      it('webasm runs in threads', async () => {
        const { ran, gradient } = await ask(page, 'gradient', 'webasm', 10_000, 4);
        expect(ran).toMatchObject({ backend: 'webasm', executorKind: 'fused-threaded' });
        expect(gradient).toEqual([0, 3, 12, 27]);
      });

      it('eager products in f64 and f32 are those of Node, bit for bit', async () => {
        expect(await ask(page, 'products', 67)).toEqual(products(67));
      });

      it.each([
        ['webgpu', 'retention', 'parallel'],
        ['webgpu', 'retention', 'chunkwise'],
        ['webgpu', 'linearScan', 'scan'],
        ['wasm', 'retention', 'chunkwise'],
        ['webasm', 'retention', 'chunkwise'],
      ] as const)('on %s, %s %s and its gradients equal f64 within the bound', async (backend, name, mode) => {
        const { ratio, cases, bounded } = await ask(page, 'operator', backend, name, mode, seed);
        expect(ratio).toBeLessThanOrEqual(1);
        expect(cases).toBe(3);
        expect(bounded).toBeGreaterThan(0);
      });

      // SwiftShader compiles a step's kernels on the processor: a minute, and two beside other work
      it.each(['webgpu', 'wasm', 'webasm'] as const)(
        'training on %s equals f64 within the bound',
        {
          timeout: 300_000,
        },
        async (backend) => {
          const { ran, losses, expected, bounds } = await ask(page, 'training', backend);
          expect(ran.backend).toBe(backend);
          bounds.forEach((bound, i) => {
            expect(bound).toBeGreaterThan(0);
            expect(Math.abs(losses[i]! - expected[i]!)).toBeLessThanOrEqual(bound);
          });
          expect(losses).toHaveLength(4);
          losses.forEach((loss, i) => {
            expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(1e-4);
          });
        },
      );
    });

    it('trains in a worker with the events of Node, and continues in another worker, bit for bit', async () => {
      const expected: object[] = [];
      for await (const event of smallRun()) expected.push(withoutTimes(event));
      const { first, rest } = await ask(await opened('localhost', ['--disable-gpu']), 'worker');
      const lists = JSON.parse(
        JSON.stringify(expected, (_, x) => (x instanceof Float32Array ? [...x] : x)),
      ) as readonly object[];
      expect(rest[0]).toMatchObject({ kind: 'begin', step: 3 });
      expect([...first, ...rest.slice(1)]).toEqual(lists);
    });

    // a browser without an adapter, and an insecure page, which is not isolated and so has one thread
    const withoutWebgpu = [
      ['localhost', 'no adapter answers', 2, 'fused-threaded'],
      [insecure, 'this page, which is not secure, has no navigator.gpu', 1, 'fused-sync'],
    ] as const;
    let losses: readonly number[] | undefined;
    it.each(withoutWebgpu)('without WebGPU at %s gives the reason, and runs wasm', async (host, why, threads, kind) => {
      const page = await opened(host, ['--disable-gpu']);
      expect(await ask(page, 'refusal', 'webgpu')).toBe(
        `compile: backend webgpu: ${why}; turn WebGPU on in this browser or use another, serve the page by https or from localhost, or ask for 'auto'`,
      );
      const { ran, gradient } = await ask(page, 'gradient', 'auto', 10_000, 4);
      expect(ran).toMatchObject({ backend: 'wasm', passedOver: [`webgpu: ${why}`] });
      expect(gradient).toEqual([0, 3, 12, 27]);
      const webasm = await ask(page, 'gradient', 'webasm', 10_000, 4);
      expect(webasm.ran).toMatchObject({ backend: 'webasm', executorKind: kind });
      // the same losses, bit for bit, on two threads and on one
      const trained = await ask(page, 'threads');
      losses ??= trained.losses;
      expect(trained).toEqual({ isIsolated: threads > 1, threads, losses });
    });
  });
}
