/** @file densessm train on WebGPU: it really runs there, its losses are those of wasm, and auto takes a card. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isSoftware } from '../../src/executors/gpu/device/webgpu.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { readCheckpoint } from '../../src/runs/checkpoint.ts';
import { metricsOf } from '../../src/runs/metrics.ts';
import { densessmHere } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** The device that WebGPU has here, or the reason why there is none. */
const found = await compile(({ x }) => ({ y: x! }), { x: { shape: [1] } }, { backend: 'webgpu' }).then(
  async (one) => {
    await one.dispose();
    return one.ran;
  },
  (error: unknown) => String(error),
);

const text = at('roses.txt');
writeFileSync(text, 'a rose is a rose is not a rose; '.repeat(12));
const sizes = ['--width', '16', '--layers', '2', '--batch', '2', '--length', '8', '--every', '2'];
const train = (name: string, ...args: string[]) =>
  densessmHere('train', text, ...sizes, '--steps', '4', '--out', at(name), ...args);
const losses = (name: string): number[] => metricsOf(at(name)).flatMap(({ loss, validation }) => loss ?? validation!);
const headOf = (stdout: string): string => stdout.slice(0, stdout.indexOf('\n'));

if (typeof found === 'string') {
  it('prints that it did not run', () => {
    console.log(`densessm train --on webgpu: not run (${found})`);
    expect(found).toMatch(/^InputError: compile: backend webgpu: /);
  });
} else {
  describe(`densessm train on ${found.adapter}`, { timeout: 600_000 }, () => {
    it('has the losses of wasm, and continues there', async () => {
      const schedule = ['--schedule', 'constant', '--warmup', '1'];
      const { stdout } = await train('webgpu', ...schedule, '--steps', '2', '--on', 'webgpu');
      expect(headOf(stdout)).toContain(` on webgpu (${found.adapter}); `);
      expect(readCheckpoint(at('webgpu')).about.ranOn).toBe('webgpu');
      const resumed = await densessmHere('train', '--resume', at('webgpu'), '--steps', '4');
      expect(headOf(resumed.stdout)).toContain(` on webgpu (${found.adapter}); `);
      await train('wasm', ...schedule, '--on', 'wasm');
      expect(readCheckpoint(at('wasm')).about.ranOn).toBe('wasm');
      const [own, other] = [losses('webgpu'), losses('wasm')];
      expect(own).toHaveLength(7); // four steps, validations before them and after two and four
      own.forEach((loss, i) => {
        expect(Math.abs(loss - other[i]!) / other[i]!).toBeLessThan(1e-5);
      });
      expect(own.at(-1)).toBeLessThan(own[0]!);
    });

    it('is what --on auto takes where the adapter is a card', async () => {
      const { stdout } = await train('auto', '--steps', '1');
      expect(headOf(stdout)).toContain(isSoftware(found.adapter!) ? ' on wasm; ' : ' on webgpu (');
    });
  });
}
