import { describe, expect, it, vi } from 'vitest';
import type { Kernel } from '../../src/oracle/backends/kernels.ts';
import '../../src/vitest/index.ts';

/** A sum of each row of a linear scan, with faults on request. */
const linearScan =
  (fault = ''): Kernel['run'] =>
  ({ a, b, state }) => {
    const [, time, channels] = a!.shape as [number, number, number];
    const output = Float32Array.from(b!.data);
    const h = Float32Array.from(fault === 'state' ? state!.data.map(() => 0) : state!.data);
    for (let i = 0; i < output.length; i++) {
      const at = Math.floor(i / (time * channels)) * channels + (i % channels);
      output[i] = h[at] = Math.fround(a!.data[i]! * h[at]!) + b!.data[i]!;
    }
    if (fault === 'overwrites') a!.data.fill(0);
    if (fault === 'throws') throw new RangeError('too long');
    if (fault === 'nothing') return undefined as never;
    return { output: { shape: b!.shape, data: output }, state: { shape: state!.shape, data: h } };
  };

const few = { cases: 12, longest: 9 };
const failing = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'right',
    (error: Error) => error.message,
  );

describe('toBeRight', () => {
  it('tells right from wrong, and how to ask again', async () => {
    await expect(linearScan()).toBeRight('linearScan', few);
    await expect(linearScan('state')).not.toBeRight('linearScan', few);
    const text = await failing(expect(linearScan('state')).toBeRight('linearScan', few) as Promise<unknown>);
    expect(text).toContain('FAIL linearScan recurrent F32: out/');
    expect(text).toContain('as if state were zeros');
    const [, path] = /toBeRight\('linearScan', \{cases:12,longest:9,seed:1,path:"([\d:]+)"\}\)/.exec(text)!;
    await expect(linearScan('state')).not.toBeRight('linearScan', { ...few, seed: 1, path: path! });
    await expect(linearScan()).toBeRight('linearScan', { ...few, seed: 1, path: path! });
  });

  it('judges gradients of a backward', async () => {
    const wrong: Kernel['backward'] = ({ a, b, state }) => ({ a: a!, b: b!, state: state! });
    const text = await failing(
      expect(linearScan()).toBeRight('linearScan', { ...few, backward: wrong }) as Promise<unknown>,
    );
    expect(text).toContain('grad/');
    expect(text).toContain("toBeRight('linearScan', {backward,");
  });

  it('reports errors of a kernel, and of the call', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue();
    const asked = (fault: string) =>
      failing(expect(linearScan(fault)).toBeRight('linearScan', few) as Promise<unknown>);
    expect(await asked('throws')).toContain('it reports an error: RangeError: too long');
    expect(printed.mock.calls.length).toBe(1);
    expect(printed.mock.calls[0]![0]).toMatch(/^RangeError: too long\n.*to-be-right\.test\.ts:\d+:\d+\)?$/);
    expect(await asked('overwrites')).toContain("linearScan overwrites its input 'a'");
    expect(await asked('nothing')).toContain('the kernel returns undefined');
    const called = (name: string, more = {}) =>
      failing(expect(linearScan()).toBeRight(name, { ...few, ...more }) as Promise<unknown>);
    expect(await called('linearscan')).toContain("did you mean 'linearScan'?");
    expect(await called('linearScan', { mode: 'scam' })).toContain("did you mean 'scan'?");
    expect(await failing(expect(3).toBeRight('linearScan') as Promise<unknown>)).toContain('holds no function, but 3');
    expect(await called('linearScan', { cases: 0 })).toBe('toBeRight: cases is 0; it is an integer from 1 to 1000000');
    expect(await called('linearScan', { longest: 0 })).toContain('longest is 0');
    expect(await called('linearScan', { seed: 'x' })).toContain('seed is "x"');
    expect(await called('linearScan', { case: 3 })).toContain("no option 'case' (did you mean 'cases'?)");
    expect(await called('linearScan', { dtype: 'f64' })).toContain("(did you mean 'F64'?)");
    expect(await called('linearScan', { path: '3:x' })).toContain('is no path');
    expect(await called('linearScan', { backward: 3 })).toContain('backward is 3; it is a function');
    const kernel = { modes: [], run: linearScan() };
    expect(await failing(expect(kernel).toBeRight('linearScan') as Promise<unknown>)).toContain('expect(kernel.run)');
    const domain = { axes: { x: 3 } };
    expect(await called('linearScan', { domain })).toContain('x');
  });
});
