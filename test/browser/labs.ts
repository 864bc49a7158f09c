/** @file Tests of the labs that compute in workers, in pages of the site that is served. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { labs } from '../../site/labs/index.ts';
import { type Choice, type Slider, stateFrom } from '../../site/labs/shared/controls.ts';
import { type Side, sides, type TrainState, trainControls } from '../../site/labs/train/controls.ts';
import { runOf, weightsIn } from '../../site/labs/train/run.ts';

/** Opens a page of the site. */
export type Open = (path: string) => Promise<Page>;

/** The losses of a run in Node, on WebAssembly wherever the page runs. */
async function lossesInNode(query: string, side: Side): Promise<number[]> {
  const losses: number[] = [];
  const state = { ...stateFrom(trainControls, query), on: 'wasm' } as TrainState;
  for await (const event of runOf(state, side).events(undefined, { aborted: false }))
    if (event.kind === 'step') losses.push(event.loss);
  return losses;
}

/** The losses of the runs that a page keeps, by side. */
const lossesKept = async (page: Page): Promise<Record<Side, number[]>> => {
  const kept = (await page.evaluate(`new Promise((resolve) => {
    indexedDB.open('densessm-lab', 1).onsuccess = ({ target }) => {
      const all = target.result.transaction('runs').objectStore('runs');
      const keys = all.getAllKeys();
      const runs = all.getAll();
      runs.onsuccess = () => resolve(runs.result.map(({ progress }, i) => [keys.result[i], progress.losses]));
    };
  })`)) as [string, number[]][];
  const of = (side: Side): number[] => kept.find(([name]) => name.includes(`right=${side}`))![1];
  return { left: of('left'), right: of('right') };
};

const waitFor = (page: Page, run: string): Promise<unknown> =>
  page.waitForFunction(`document.querySelector('.lab').dataset.run === '${run}'`, undefined, { timeout: 240_000 });

/** Hides a page, or shows it again, as the browser does with its tab. */
const setHidden = (page: Page, isHidden: boolean): Promise<unknown> =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'))`);

/** The address of a page, as it says itself: the driver of the browser hears of a new one later. */
export const addressOf = (page: Page): Promise<string> => page.evaluate<string>('location.href');

/** A value of a control that is not that of its start. */
const otherThan = (control: Slider | Choice): string =>
  'options' in control
    ? Object.keys(control.options).find((value) => value !== control.start)!
    : `${control.start + control.step}`;

/** Values of the lab of faults, whose lists the page fills. */
const otherFault = { operator: 'gla', fault: 'chunkwise/gradient-stops-at-chunks' };

/** Tests controls of all labs, and the labs of faults and of training. */
export function testLabs(open: Open): void {
  it.each(labs)('restores every control of the lab $name, by name and by keys', async ({ name, controls }) => {
    const keys = Object.keys(controls);
    const values = keys.map((key): [string, string] => [key, otherThan(controls[key]!)]);
    const others = { ...Object.fromEntries(values), ...(name === 'break' && otherFault) };
    const page = await open(`lab/${name}.html?${new URLSearchParams(others)}`);
    await page.locator('form[data-live=""]').waitFor({ timeout: 60_000 });
    const shown = (await page.evaluate(
      "[...document.querySelectorAll('.controls :is(input, select)')].map(({ name, value }) => [name, value])",
    )) as [string, string][];
    expect(Object.fromEntries(shown)).toEqual(others);
    const inAddress = async (key: string): Promise<string | null> =>
      new URL(await addressOf(page)).searchParams.get(key);
    // in the order of the page, and then the link
    await page.locator('.controls :is(input, select)').first().focus();
    for (const key of keys) {
      const control = controls[key]!;
      const focused = (await page.evaluate(`(() => { const { name, labels, selectedIndex } = document.activeElement;
        return { name, label: labels?.[0]?.textContent, selectedIndex }; })()`)) as Record<string, string | number>;
      expect(focused).toMatchObject({ name: key, label: expect.stringContaining(control.label) });
      const before = await inAddress(key);
      const back = 'options' in control ? (focused.selectedIndex === 0 ? 'ArrowDown' : 'ArrowUp') : 'ArrowLeft';
      await page.keyboard.press(back);
      expect(await inAddress(key), `${key} by ${back}`).not.toBe(before);
      await page.keyboard.press('Tab');
    }
    await page.locator('.copy:focus').waitFor();
    // the link of the page as it stands
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.keyboard.press('Enter');
    await page.locator('.copy', { hasText: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await addressOf(page));
    await page.close();
  });

  it('tries a fault, and restores law, tensor and element from the address', async () => {
    const page = await open('lab/break.html?fault=chunkwise/carry-lost&tokens=3');
    const live = (): Promise<unknown> => page.locator('form[data-live=""]').waitFor({ timeout: 60_000 });
    await live();
    expect(await page.locator('.says').textContent()).toMatch(
      /every chunk starts from the initial state.*laws reject it/,
    );
    expect(await page.locator('.smallest').textContent()).toContain('q[1, 1, 2, 1]');
    await page.locator('.laws-tried a', { hasText: 'chunks' }).click();
    await live();
    await page.selectOption('select[name=tensor]', 'gradient.k');
    await page.locator('.heat [aria-current]').focus();
    await page.keyboard.press('ArrowRight');
    const element = await page.locator('.element').textContent();
    expect(element).toContain('gradient.k');
    expect(new URL(await addressOf(page)).searchParams.get('law')).toBe('chunks');
    await page.reload();
    await live();
    expect(await page.locator('.element').textContent()).toBe(element);
    // one chunk for all tokens: comparisons accept, and the map says why
    await page.locator('.tries a').first().click();
    await live();
    await page.locator('.laws-tried a', { hasText: 'definition' }).click();
    await live();
    expect(await page.locator('.errors').textContent()).toMatch(
      /a case that definition accepts.*chunkSize 8.*in one chunk/s,
    );
    expect(await page.locator('.smallest').textContent()).toContain('None for this law');
    expect(await page.locator('.heat .below').count()).toBe(0);
    await page.locator('input[name=tokens]').fill('1');
    await live();
    expect(await page.locator('.says').textContent()).toContain('No law rejects it');
    // another operator has the fault of this name, or the page says that it has none
    await page.selectOption('select[name=operator]', 'gla');
    await live();
    expect(new URL(await addressOf(page)).searchParams.get('fault')).toBe('chunkwise/carry-lost');
    await page.selectOption('select[name=operator]', 'linearScan');
    await live();
    const shown = await page.locator('select[name=fault]').inputValue();
    expect(new URL(await addressOf(page)).searchParams.get('fault')).toBe(shown);
    expect(await page.locator('.says').textContent()).toContain(
      `linearScan has no fault chunkwise/carry-lost; shown is ${shown}`,
    );
    await page.close();
  });

  it('trains 100 steps on wasm with the losses of Node, bit for bit, through a pause and a reload', async () => {
    // a browser that takes WebAssembly by itself, and says so in the address
    const query = '?steps=100&size=20000&layers=1';
    const expected = Promise.all(sides.map((side) => lossesInNode(query, side)));
    const page = await open(`lab/train.html${query}`);
    await page.locator('form[data-live]').waitFor();
    await page.locator('.start').click();
    await page.waitForFunction("document.querySelector('.lab').dataset.steps.split(' ').every((n) => n > 20)");
    expect(new URL(await addressOf(page)).searchParams.get('on')).toBe('wasm');
    expect(await page.locator('.reached').textContent()).toContain('letter frequencies alone');
    await setHidden(page, true);
    await waitFor(page, 'paused');
    const steps = await page.locator('.lab').getAttribute('data-steps');
    await setHidden(page, false);
    await waitFor(page, 'running');
    await page.locator('.start').click();
    await waitFor(page, 'paused');
    await page.reload();
    await waitFor(page, 'paused');
    const kept = (await page.locator('.lab').getAttribute('data-steps'))!.split(' ').map(Number);
    for (const [i, n] of steps!.split(' ').entries()) expect(kept[i]).toBeGreaterThanOrEqual(Number(n));
    await page.locator('.start').click();
    await waitFor(page, 'done');
    const [left, right] = await expected;
    expect(await lossesKept(page)).toEqual({ left, right });
    const waits = page.waitForEvent('download');
    await page.locator('section.left .download').click();
    const path = await (await waits).path();
    expect(weightsIn(readFileSync(path), 'weights')).toMatchObject({ step: 100, model: { preset: 'dense-retnet' } });
    await page.setInputFiles('.file input', path);
    await page.locator('.opened h2').waitFor();
    expect(await page.locator('.opened blockquote').textContent()).toBe(
      await page.locator('section.left blockquote').textContent(),
    );
    // what was learnt stays in sight until others begin, and comes back with its settings
    const curve = await page.locator('.runs-map .left path').getAttribute('d');
    const text = await page.locator('section.left figure').textContent();
    expect(text).toContain('after step 100');
    await page.selectOption('select[name=rate]', '0.001');
    await page.locator('[data-before]').waitFor();
    expect(await page.locator('.runs-map .left path').getAttribute('d')).toBe(curve);
    expect(await page.locator('section.left figure').textContent()).toBe(text);
    expect(await page.locator('.says').textContent()).toContain('A setting has changed');
    await page.selectOption('select[name=rate]', '0.005');
    await waitFor(page, 'done');
    expect(await page.locator('[data-before]').count()).toBe(0);
    expect(await page.locator('.start').textContent()).toBe('Done');
    await page.close();
  });

  // each new text of a tiled product takes SwiftShader a second or two
  it('trains 100 steps on webgpu with the losses that Node has on wasm', { timeout: 300_000 }, async () => {
    const query = '?on=webgpu&steps=100&size=20000&layers=1&length=8&rate=0.001';
    const page = await open(`lab/train.html${query}`);
    await page.locator('form[data-live]').waitFor();
    await page.locator('.start').click();
    await waitFor(page, 'done');
    const kept = await lossesKept(page);
    for (const side of sides) {
      expect(await page.locator(`section.${side} .numbers`).textContent()).toMatch(/WebGPU, .*swiftshader/);
      const expected = await lossesInNode(query, side);
      expect(expected.at(-1)).toBeLessThan(expected[0]!);
      expect(kept[side]).toHaveLength(100);
      kept[side].forEach((loss, i) => {
        expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(1e-5);
      });
    }
    await page.close();
  });
}
