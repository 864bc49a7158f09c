import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decoder, frame } from '../../../src/oracle/backends/framing.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const announcing = (length: bigint): Uint8Array => {
  const head = bytes('densessm00000000');
  new DataView(head.buffer).setBigUint64(8, length, true);
  return head;
};

/** The message of the failure if the stream ends after these bytes. */
const said = (stream: Uint8Array, most = 1000): string | undefined => {
  const decoding = decoder();
  decoding.push(stream, most);
  return decoding.end()?.message;
};

const TEXT = 'it printed text on standard output, where only messages may be';

describe('a decoder', () => {
  it('returns the framed files for any split of the stream', () => {
    const files = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
    fc.assert(
      fc.property(files, fc.array(fc.nat({ max: 2000 })), (sent, cuts) => {
        const stream = Uint8Array.from(Buffer.concat(sent.map(frame)));
        const places = [...cuts.map((at) => Math.min(at, stream.length)), stream.length].sort((a, b) => a - b);
        const decoding = decoder();
        const came = places.flatMap(
          (to, i) => decoding.push(stream.subarray(i === 0 ? 0 : places[i - 1], to), 300).files,
        );
        expect(came.map((file) => [...file])).toEqual(sent.map((file) => [...file]));
        expect(decoding.end()).toBeNull();
        expect(decoding.partial()).toBeNull();
      }),
    );
  });

  it('decodes a large message byte by byte in linear time', () => {
    const stream = frame(new Uint8Array(2_000_000).fill(7));
    const decoding = decoder();
    const start = performance.now();
    let files: readonly Uint8Array[] = [];
    for (let i = 0; i < stream.length; i++) ({ files } = decoding.push(stream.subarray(i, i + 1), 2_000_000));
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(Buffer.compare(files[0]!, stream.subarray(16))).toBe(0);
  });

  it.each([2n ** 32n, 1001n, 2n ** 63n, 2n ** 64n - 1n])(
    'refuses %d announced bytes without allocating memory',
    (length) => {
      const before = process.memoryUsage().arrayBuffers;
      const { failure } = decoder().push(announcing(length), 1000);
      expect(failure).toMatchObject({
        kind: 'too-large',
        message: `it announced ${length} bytes; its answer can have 1000 at most`,
      });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    },
  );

  it('allocates memory for received bytes, not for announced bytes', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoding = decoder();
    decoding.push(announcing(2n ** 30n), 2 ** 30);
    decoding.push(new Uint8Array(1000), 2 ** 30);
    expect(decoding.partial()).toBe(`1016 of ${2 ** 30 + 16} bytes`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  it('recognises text at its first byte, and decodes nothing after it', () => {
    const decoding = decoder();
    expect(decoding.push(bytes('dex'), 9)).toEqual({ files: [], failure: null });
    expect(decoding.isInText()).toBe(true);
    expect(decoding.push(frame(bytes('abc')), 9).files).toEqual([]);
    expect(decoding.end()).toMatchObject({
      kind: 'not-a-message',
      message: `${TEXT}: "dex"; print to standard error instead`,
    });
  });

  it.each([
    ['hello\nworld\n', `${TEXT}: "hello"; print to standard error instead`],
    ['\n\r\n  Loading…\r 10 %', `${TEXT}: "Loading…"; print to standard error instead`],
    ['densessm adapter, version 2\n', `${TEXT}: "densessm adapter, version 2"; print to standard error instead`],
    ['\u001b[32mready\u001b[0m\n', `${TEXT}: "ready"; print to standard error instead`],
    [`${'a'.repeat(5000)}`, `${TEXT}: "${'a'.repeat(120)}…"; print to standard error instead`],
    ['\n\n', `${TEXT}: ""; print to standard error instead`],
  ])('quotes the first line of %j', (text, message) => {
    expect(said(Uint8Array.from(Buffer.from(text)))).toBe(message);
  });

  it('quotes text directly before a message', () => {
    const stream = Buffer.concat([Buffer.from('no line end'), frame(new Uint8Array(80))]);
    expect(said(stream)).toBe(`${TEXT}: "no line end"; print to standard error instead`);
  });

  it('shows binary output in hexadecimal', () => {
    expect(said(Uint8Array.of(0, 1, 254))).toBe(
      'it wrote bytes on standard output, where only messages may be: 00 01 fe …',
    );
  });

  it('recognises a safetensors file without the message header', () => {
    expect(said(bytes('\x02\0\0\0\0\0\0\0{}'))).toBe(
      'it wrote a safetensors file without the 16 bytes that begin a message',
    );
  });

  it('reports the received part of an incomplete message', () => {
    expect(said(bytes('dense'))).toBe('its message was cut off: 5 bytes, fewer than the 16 that it begins with, came');
    expect(said(frame(bytes('abcdef')).subarray(0, 20))).toBe('its message was cut off: 20 of 22 bytes came');
    expect(said(announcing(6n))).toBe('its message was cut off: 16 of 22 bytes came');
  });
});
