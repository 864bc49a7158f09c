/** @file Tests the static site in the Chromium that DENSESSM_BROWSER names: numbers, addresses, access, and use without a network. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labPages, labs } from '../../site/labs/index.ts';
import { queryOf } from '../../site/labs/shared/controls.ts';
import { labState } from '../../site/labs/shared/lab.ts';
import { equations } from '../../spec/registry.ts';
import { root } from '../support/root.ts';
import { addressOf, testLabs } from './labs.ts';
import { swiftshader } from './switches.ts';

const executablePath = process.env.DENSESSM_BROWSER;

/** A violation that axe-core reports. */
interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

if (executablePath === undefined) {
  it('prints that it did not run', () => {
    console.log(
      "site: not run (DENSESSM_BROWSER names no Chromium). With Debian's: DENSESSM_BROWSER=/usr/bin/chromium npx vitest run test/browser/site.test.ts",
    );
  });
} else {
  describe(`the site in ${executablePath}`, () => {
    let browser: Browser;
    let server: PreviewServer;
    let address: string;
    const errors: string[] = [];

    /** Opens a page of the site in a context of its own, and keeps its errors. */
    const opened = async (path: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> => {
      const page = await browser.newPage(options);
      page.on('pageerror', ({ message }) => errors.push(`${path}: ${message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(`${path}: ${message.text()}`);
      });
      await page.goto(address + path);
      return page;
    };

    /** Waits until a lab shows what is in the address. */
    const live = (page: Page): Promise<void> => page.locator('form[data-live=""]').waitFor();

    const chapters = [...new Set(equations.map(({ chapter }) => `spec/${chapter.replace(/\.ts$/, '.html')}`))];

    beforeAll(async () => {
      const { status, stderr } = spawnSync('npm', ['run', '--silent', 'site'], { cwd: root, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      const { preview } = await import('vite');
      server = await preview({
        root,
        configFile: false,
        appType: 'mpa',
        logLevel: 'silent',
        build: { outDir: '.site' },
        preview: { host: '127.0.0.1', port: 0 },
      });
      address = server.resolvedUrls!.local[0]!;
      const { chromium } = await import('playwright-core');
      browser = await chromium.launch({ executablePath, args: swiftshader });
    }, 300_000);
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    it.each(chapters)('computes in %s what the page has without JavaScript', async (path) => {
      const page = await opened(path);
      const plain = await opened(path, { javaScriptEnabled: false });
      const tables = await plain.locator('.worked output').evaluateAll((all) => all.map((one) => one.innerHTML));
      const sections = page.locator('.worked');
      expect(await sections.count()).toBe(
        equations.filter(({ chapter }) => path.includes(chapter.slice(0, -3))).length,
      );
      for (const [i, section] of (await sections.all()).entries()) {
        await section.scrollIntoViewIfNeeded();
        await page.locator('.worked[data-live]').nth(i).waitFor();
        const first = section.locator('input').first();
        const number = await first.inputValue();
        await first.fill(`${Number(number) + 1}`);
        expect(await section.locator('output').innerHTML()).not.toBe(tables[i]);
        await first.fill(number);
        expect(await section.locator('output').innerHTML()).toBe(tables[i]);
      }
      await page.close();
      await plain.close();
    });

    it('restores numbers and controls from the address', async () => {
      const page = await opened('spec/19-retention.html');
      await page.locator('.worked[data-live]').first().waitFor();
      await page.locator('.worked input').first().fill('2.5');
      const table = await page.locator('.worked output').first().innerHTML();
      await page.goto(await addressOf(page));
      await page.reload();
      await page.locator('.worked[data-live]').first().waitFor();
      expect(await page.locator('.worked input').first().inputValue()).toBe('2.5');
      expect(await page.locator('.worked output').first().innerHTML()).toBe(table);
      await page.goto(`${address}lab/modes.html?token=3&chunk=2&gamma=0.5&seed=7`);
      await live(page);
      await page.locator('input[name=token]').press('ArrowRight');
      expect(await addressOf(page)).toContain('token=4');
      // the control shows its number before the figure is computed
      expect(await page.locator('input[name=token]').inputValue()).toBe('4');
      await live(page);
      expect(await page.locator('input[name=seed]').inputValue()).toBe('7');
      expect(await page.locator('.tokens [aria-current]').textContent()).toBe('4');
      await page.close();
    });

    it.each(labs.filter((lab) => 'view' in lab))(
      'restores the lab $name from its address, with the numbers of Node',
      async (lab) => {
        const [state] = lab.tries.map((one) => one.state);
        const path = `lab/${lab.name}.html`;
        const page = await opened(path + queryOf(lab.controls, state!));
        await live(page);
        /** What the page shows, and what Node computes for the same address, written as this browser writes it. */
        const shown = async (part: 'says' | 'figure') => {
          const html = lab.view(labState(lab, new URL(await addressOf(page)).search))[part];
          const written = `(() => { const one = document.createElement('div'); one.innerHTML = ${JSON.stringify(html)}; return one.innerHTML; })()`;
          return [await page.locator(`.${part}`).innerHTML(), await page.evaluate(written)];
        };
        for (const part of ['says', 'figure'] as const) {
          const [here, node] = await shown(part);
          expect(here).toBe(node);
        }
        // a suggestion is drawn in place, and the way back leads to the state before
        const before = await addressOf(page);
        await page.locator('.tries a').last().click();
        expect(await addressOf(page)).not.toBe(before);
        await live(page);
        const [here, node] = await shown('says');
        expect(here).toBe(node);
        await page.goBack();
        expect(await addressOf(page)).toBe(before);
        // each control is reached and changed by keys
        const slider = page.locator('input[type=range]').first();
        await slider.focus();
        await slider.press('Home');
        await slider.press('ArrowRight');
        expect(await addressOf(page)).not.toBe(before);
        await page.close();
        const plain = await opened(path, { javaScriptEnabled: false });
        expect(await plain.locator('.lab').textContent()).toContain('The controls need JavaScript');
        expect(await plain.locator('.controls input').first().isDisabled()).toBe(true);
        expect(await plain.locator('.figure').textContent()).toMatch(/\d/);
        await plain.close();
      },
    );

    it('finds a section by its words', async () => {
      const page = await opened('search.html?q=carry');
      await page.locator('form[data-live]').waitFor();
      const links = await page.locator('#results a').evaluateAll((all) => all.map((one) => one.getAttribute('href')));
      expect(links[0]).toBe('docs/readings.html#carry-the-state-carried-to-the-next-token');
      await page.locator('input').fill('lost between chunks');
      expect(await page.locator('#results li').first().textContent()).toContain('lost between chunks');
      expect(await page.locator('#results mark').allTextContents()).toContain('lost');
      await page.locator('input').fill('T = 1');
      expect(await page.locator('#results li').first().textContent()).toContain('T = 1');
      await page.locator('input').fill('retention state');
      expect(await page.locator('#results').textContent()).toContain('Eq. 19');
      await page.close();
    });

    it('fits 390 pixels with all parts unfolded, on every page', async () => {
      const page = await opened('index.html', { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
      const pages = readdirSync(join(root, '.site'), { recursive: true, encoding: 'utf8' });
      for (const path of pages.filter((name) => name.endsWith('.html'))) {
        await page.goto(address + path);
        const width = await page.evaluate(
          "document.querySelectorAll('details').forEach((one) => { one.open = true; }); document.documentElement.scrollWidth",
        );
        expect(width, path).toBeLessThanOrEqual(390);
      }
      await page.close();
    }, 300_000);

    it('lists the sections of a page beside the text of a wide screen, and folds the list on a phone', async () => {
      const page = await opened('docs/readings.html', { viewport: { width: 1280, height: 800 } });
      const carry = page.locator('.on-page a', { hasText: 'carry' });
      await carry.click();
      expect(await addressOf(page)).toContain('#carry-the-state');
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await carry.isVisible()).toBe(false);
      await page.locator('.on-page summary').press('Enter');
      expect(await carry.isVisible()).toBe(true);
      await page.close();
    });

    it('has no finding of axe-core in light or in dark, and fits 390 pixels', async () => {
      const axe = readFileSync(join(root, 'site/node_modules/axe-core/axe.min.js'), 'utf8');
      const docs = readdirSync(join(root, '.site/docs')).map((name) => `docs/${name}`);
      const page = await opened('search.html', { viewport: { width: 390, height: 844 } });
      const found: string[] = [];
      for (const path of [
        'index.html',
        ...labPages().map(({ path }) => path),
        'search.html',
        'api/index.html',
        'api/models.html',
        ...chapters,
        ...docs.filter((_, i) => i % 4 === 0),
      ]) {
        await page.goto(address + path);
        expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(390);
        await page.evaluate(axe);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          const violations = (await page.evaluate(
            "axe.run({ resultTypes: ['violations'] }).then((r) => r.violations)",
          )) as readonly Violation[];
          for (const { id, impact, nodes } of violations)
            if (impact !== 'minor') found.push(`${path} in ${colorScheme}: ${id}: ${nodes[0]!.html.slice(0, 120)}`);
        }
      }
      expect(found).toEqual([]);
      await page.close();
      // axe-core takes seconds a page on a busy machine
    }, 600_000);

    /** Opens a page without a network, and computes in it. */
    const computes = async (page: Page, path: string): Promise<void> => {
      await page.context().setOffline(true);
      await page.goto(address + path);
      await page.locator('.worked[data-live]').first().waitFor();
      await page.reload();
      expect(await page.locator('h1').textContent()).toContain('Eqs. ');
      await page.context().setOffline(false);
    };

    it('opens and computes without a network, once it was loaded', async () => {
      const page = await opened('index.html');
      await page.getByText('kept for use without a network').waitFor();
      await computes(page, 'spec/12-dense-convolution.html');
      await page.close();
    });

    it('keeps what was opened, and the rest on a wish where data is dear', async () => {
      const context = await browser.newContext();
      await context.addInitScript("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })");
      const page = await context.newPage();
      await page.goto(`${address}spec/12-dense-convolution.html#eq-12`);
      const wish = page.getByRole('button', { name: 'without a network' });
      await wish.waitFor();
      await computes(page, 'spec/12-dense-convolution.html?eq12=1');
      await context.setOffline(true);
      await expect(page.goto(`${address}spec/19-retention.html`)).rejects.toThrow('ERR_');
      await context.setOffline(false);
      await page.goto(`${address}spec/12-dense-convolution.html`);
      await wish.click();
      await page.getByText('kept for use without a network').waitFor();
      await computes(page, 'spec/19-retention.html');
      await context.close();
    });

    testLabs(opened);

    it('leaves no error in the console', () => {
      expect(errors).toEqual([]);
    });
  });
}
