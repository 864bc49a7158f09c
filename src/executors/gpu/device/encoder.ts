/**
 * @file Runs a pipeline that gpu.js has compiled for WebGPU, and keeps arrays on the device between calls. In each call gpu.js
 * itself uploads every argument and reads back every result. Here kept inputs stay on the device. Commands are submitted in parts,
 * so that the device works while the host encodes the rest. This depends on undocumented fields of gpu.js's executor, in the version
 * that package.json pins.
 */
import type { Carried, Runner } from './runner.ts';

interface Buffer {
  readonly size: number;
}
interface Queue {
  writeBuffer(buffer: Buffer, offset: number, data: Float32Array): void;
  submit(commands: readonly unknown[]): void;
  onSubmittedWorkDone(): Promise<void>;
}
interface Pass {
  setPipeline(pipeline: unknown): void;
  setBindGroup(index: number, group: unknown): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
  end(): void;
}
interface Encoder {
  beginComputePass(): Pass;
  copyBufferToBuffer(from: Buffer, fromOffset: number, to: Buffer, toOffset: number, size: number): void;
  finish(): unknown;
}
interface Mapped extends Buffer {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}
interface DeviceParts {
  readonly queue: Queue;
  createCommandEncoder(): Encoder;
  createBuffer(of: { readonly size: number; readonly usage: number }): Mapped;
}
/** The parts of gpu.js's executor that this file uses. */
interface ExecutorParts {
  readonly destroyed: boolean;
  readonly context: { readonly isLost: boolean };
  readonly _device: DeviceParts;
  readonly _argRegions: ReadonlyMap<number, { readonly buffer: Buffer; readonly flatLength: number }>;
  readonly _passes: readonly {
    readonly pipeline: unknown;
    readonly bindGroup: unknown;
    readonly groups: readonly number[];
    readonly perCall: boolean;
  }[];
  readonly _resultReads: readonly { readonly kind: string; readonly buffer: Buffer; readonly byteLength: number }[];
}

const lost = 'compiled function: the device was lost; compile it again';

const mapForReading = 1;
const readable = 0x0001 | 0x0008;

// submitting and waiting take the same time for few repetitions and for many, so they cancel in the difference
const [few, many] = [2, 42];

/** Settings of the submission of commands to the device. */
export interface Submission {
  /** Results that become arguments of the next call. */
  readonly carried: readonly Carried[];
  /** Number of kernels in a submission. */
  readonly kernelsAtOnce: number;
}

/**
 * Makes a runner that encodes the commands of a compiled pipeline itself. Returns the reason if this version of gpu.js does not
 * support that.
 */
export function byEncoder(
  pipeline: unknown,
  { carried, kernelsAtOnce }: Submission,
): Runner | { readonly reason: string } {
  const executor = (pipeline as { pipeline?: { _executor?: ExecutorParts } }).pipeline?._executor;
  const reason = missingPart(executor);
  if (executor === undefined || reason !== null) return { reason: reason ?? 'gpu.js has no executor' };
  const { _device: device, _argRegions: regions, _passes: passes, _resultReads: results } = executor;
  const staging = new Map<string, Mapped>();

  const fetch = async (wanted: readonly number[], encoder: Encoder): Promise<Float32Array[]> => {
    const offsets: number[] = [];
    let size = 0;
    for (const result of wanted) {
      offsets.push(size);
      size += Math.ceil(results[result]!.byteLength / 16) * 16;
    }
    const key = `${wanted}`;
    const target = staging.get(key) ?? device.createBuffer({ size: Math.max(16, size), usage: readable });
    staging.set(key, target);
    for (const [k, result] of wanted.entries()) {
      const { buffer, byteLength } = results[result]!;
      encoder.copyBufferToBuffer(buffer, 0, target, offsets[k]!, byteLength);
    }
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(mapForReading);
    const all = target.getMappedRange();
    const numbers = wanted.map(
      (result, k) => new Float32Array(all.slice(offsets[k], offsets[k]! + results[result]!.byteLength)),
    );
    target.unmap();
    return numbers;
  };

  // only one call at a time may map a staging buffer
  let tail: Promise<unknown> = Promise.resolve();
  const queued = <T>(task: () => Promise<T>): Promise<T> => {
    const next = tail.then(() => {
      if (executor.destroyed) throw new Error('compiled function: it has been disposed of; compile it again');
      if (executor.context.isLost) throw new Error(lost);
      return task().catch((error: unknown) => {
        throw executor.context.isLost ? new Error(lost) : error;
      });
    });
    tail = next.catch(() => undefined);
    return next;
  };

  /** Encodes a pass of kernels, each repeated `repetitions` times. */
  const write = (encoder: Encoder, kernels: ExecutorParts['_passes'], repetitions = 1): void => {
    const pass = encoder.beginComputePass();
    for (const { pipeline: kernel, bindGroup, groups } of kernels) {
      pass.setPipeline(kernel);
      pass.setBindGroup(0, bindGroup);
      for (let k = 0; k < repetitions; k++) pass.dispatchWorkgroups(groups[0]!, groups[1]!, groups[2]!);
    }
    pass.end();
  };
  const seconds = async (kernels: ExecutorParts['_passes'], repetitions = 1): Promise<number> => {
    const encoder = device.createCommandEncoder();
    write(encoder, kernels, repetitions);
    const commands = encoder.finish();
    const began = performance.now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - began) / 1e3;
  };

  return {
    run: (args, wanted) =>
      queued(() => {
        for (const [index, { buffer }] of regions) {
          const numbers = args[index];
          if (numbers !== null && numbers !== undefined) device.queue.writeBuffer(buffer, 0, numbers);
        }
        let encoder = device.createCommandEncoder();
        for (let first = 0; first < passes.length; first += kernelsAtOnce) {
          write(encoder, passes.slice(first, first + kernelsAtOnce));
          if (first + kernelsAtOnce >= passes.length) break;
          device.queue.submit([encoder.finish()]);
          encoder = device.createCommandEncoder();
        }
        for (const { result, argument } of carried) {
          const region = regions.get(argument);
          if (region !== undefined)
            encoder.copyBufferToBuffer(results[result]!.buffer, 0, region.buffer, 0, 4 * region.flatLength);
        }
        return fetch(wanted, encoder);
      }),
    read: (result) => queued(async () => (await fetch([result], device.createCommandEncoder()))[0]!),
    times: () =>
      queued(async () => {
        const kernels: number[] = [];
        for (const pass of passes) {
          kernels.push(
            (await difference(
              () => seconds([pass], many),
              () => seconds([pass], few),
            )) /
              (many - few),
          );
        }
        const together = await difference(
          () => seconds([...passes, ...passes]),
          () => seconds(passes),
        );
        const began = performance.now();
        write(device.createCommandEncoder(), passes);
        return { kernels, together, writing: (performance.now() - began) / 1e3 };
      }),
    destroy: () => {
      for (const buffer of staging.values()) buffer.destroy();
    },
  };
}

/** The median of three differences between two measured times. */
async function difference(longer: () => Promise<number>, shorter: () => Promise<number>): Promise<number> {
  const samples: number[] = [];
  for (let k = 0; k < 3; k++) samples.push((await longer()) - (await shorter()));
  return samples.sort((a, b) => a - b)[1]!;
}

/** Names a part of gpu.js's executor that is missing or has changed; null if there is none. */
function missingPart(executor: ExecutorParts | undefined): string | null {
  if (typeof executor !== 'object' || executor === null) return 'gpu.js has no executor';
  if (!(executor._argRegions instanceof Map)) return "gpu.js's executor has no _argRegions";
  for (const name of ['_passes', '_resultReads'] as const) {
    if (!Array.isArray(executor[name])) return `gpu.js's executor has no ${name}`;
  }
  for (const { pipeline, bindGroup, groups, perCall } of executor._passes) {
    if (pipeline === undefined || bindGroup === undefined || !Array.isArray(groups))
      return "gpu.js's passes are other than expected";
    if (perCall) return 'a kernel has arguments that change from call to call';
  }
  const isRead = executor._resultReads.every(
    ({ kind, byteLength }) => kind === 'step' && typeof byteLength === 'number',
  );
  return isRead ? null : "gpu.js's results are other than expected";
}
