/** @file Times each kernel of a compiled function by itself, and groups the times by kind of kernel. */
import { writeFileSync } from 'node:fs';
import type { Compiled, KernelTime } from '../../src/executors/gpu/index.ts';
import { milliseconds, type Row, show } from './table.ts';

const text = ({ workgroup }: KernelTime): string => workgroup?.wgsl ?? '';

const kinds: Readonly<Record<string, (kernel: KernelTime) => boolean>> = {
  products: (kernel) => text(kernel).includes('tileA'),
  'sums and largest': (kernel) => text(kernel).includes('partial'),
  elementwise: (kernel) => text(kernel).includes('r0 = element('),
};

/** Makes a row for each kind of kernel, with times per step. `PROFILE=FOLDER` writes all kernels to that folder. */
export async function profile(f: Compiled, name: string, steps: number): Promise<Row[]> {
  const { kernels, together, writing } = await f.profile();
  const folder = process.env.PROFILE;
  if (folder !== undefined) {
    writeFileSync(`${folder}/profile-${name.replaceAll(/[^\d.]+/g, '-')}.json`, JSON.stringify(kernels));
  }
  const rowOf = (kind: string, own: readonly KernelTime[]): Row => {
    const seconds = own.reduce((sum, kernel) => sum + kernel.seconds, 0) / steps;
    const bytes = own.reduce((sum, kernel) => sum + kernel.bytes, 0) / steps;
    const gigabytes = Number((bytes / 1e9).toFixed(3));
    return show({ size: name, kind, kernels: own.length / steps, milliseconds: milliseconds(seconds), gigabytes });
  };
  return [
    ...Object.entries(kinds).map(([kind, is]) => rowOf(kind, kernels.filter(is))),
    rowOf('all', kernels),
    show({ size: name, kind: 'all, one after another', milliseconds: milliseconds(together / steps) }),
    show({ size: name, kind: 'writing the commands, by the host', milliseconds: milliseconds(writing / steps) }),
  ];
}
