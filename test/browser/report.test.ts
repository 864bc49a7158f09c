/** @file Opens the page of a report in the Chromium that DENSESSM_BROWSER names: at two widths, in light and dark. */
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../src/oracle/check/reports/page.ts';
import { report, said } from '../support/sample-report.ts';

const executablePath = process.env.DENSESSM_BROWSER;

describe('the page of a report', () => {
  it('opens without errors and scrolls in no width but its own', { timeout: 120_000 }, async () => {
    if (executablePath === undefined) {
      console.log('report: not run (DENSESSM_BROWSER names no Chromium)');
      return;
    }
    const { chromium } = await import('playwright-core');
    const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'] });
    const errors: string[] = [];
    const pages = new Set<string>();
    for (const [width, colorScheme] of [
      [390, 'light'],
      [1280, 'dark'],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      page.on('console', (message) => errors.push(message.text()));
      page.on('pageerror', ({ message }) => errors.push(message));
      page.on('dialog', () => errors.push('a dialog'));
      page.on('request', (request) => pages.add(new URL(request.url()).protocol));
      await page.setContent(pageOf(report, said));
      const seen = await page.evaluate<{ scrollWidth: number; drawings: number }>(
        "({ scrollWidth: document.documentElement.scrollWidth, drawings: document.querySelectorAll('svg rect, svg circle').length })",
      );
      expect(seen.scrollWidth).toBe(width);
      expect(seen.drawings).toBeGreaterThan(5);
      expect(await page.locator('h1').textContent()).toContain('<script>');
    }
    await browser.close();
    expect(errors).toEqual([]);
    expect([...pages].filter((one) => one !== 'data:')).toEqual([]);
  });
});
