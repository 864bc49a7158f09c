/** @file Frames messages on a stream: the letters `densessm`, a length, and a safetensors file of that many bytes. */

import { stripVTControlCharacters } from 'node:util';
import { plain } from '../../io/text.ts';
import type { Failure } from './backend.ts';
import { failed } from './failure.ts';

const LETTERS = new TextEncoder().encode('densessm');

/** The bytes before a file: the letters, and the file's length. */
const HEAD = 16;

/** The most bytes of text that are kept for a quotation. */
const QUOTED_BYTES = 400;

/**
 * A file as a message on a stream.
 * @example
 * frame(Uint8Array.of(1, 2)).length // 18
 */
export function frame(file: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD + file.length);
  bytes.set(LETTERS);
  new DataView(bytes.buffer).setBigUint64(LETTERS.length, BigInt(file.length), true);
  bytes.set(file, HEAD);
  return bytes;
}

/** Whether bytes begin as a message on a stream does. */
export const isFramed = (bytes: Uint8Array): boolean => LETTERS.every((letter, i) => bytes[i] === letter);

/** The messages in the bytes so far. */
export interface Decoded {
  /** The files that are now complete. */
  readonly files: readonly Uint8Array[];
  /** Set once; after that no bytes are taken. */
  readonly failure: Failure | null;
}

/** Splits a stream into messages. */
export interface Decoder {
  /** Takes the next bytes, cut anywhere. A file may have `most` bytes. */
  push(chunk: Uint8Array, most: number): Decoded;
  /** Whether text has come: waiting a little for more of it gives a better quotation at the {@link Decoder.end end}. */
  isInText(): boolean;
  /** The part of a message that has come, in words; null between messages. */
  partial(): string | null;
  /** The failure if nothing more comes; null between messages. */
  end(): Failure | null;
}

/**
 * Extracts messages from a stream. Text is recognised at its first byte. An announced length is checked before memory is allocated,
 * and memory is allocated for bytes that have come. The time is linear in the bytes, however they are cut.
 * @example
 * decoder().push(frame(Uint8Array.of(1, 2)), 10).files.map((file) => file.length) // [2]
 */
export function decoder(): Decoder {
  const head = new Uint8Array(HEAD);
  let inHead = 0;
  let body: Body | null = null;
  let text: Body | null = null; // text in place of a message, as far as it is quoted
  let failure: Failure | null = null;

  /** Fills the head. Returns how many bytes it took. */
  function takeHead(chunk: Uint8Array, most: number): number {
    const part = chunk.subarray(0, HEAD - inHead);
    head.set(part, inHead);
    const before = inHead;
    inHead += part.length;
    for (let i = before; i < Math.min(inHead, LETTERS.length); i++) if (head[i] !== LETTERS[i]) return takeText(before);
    if (inHead < HEAD) return part.length;
    const announced = new DataView(head.buffer).getBigUint64(LETTERS.length, true);
    if (announced <= most) body = bodyOf(Number(announced));
    // a line of text that begins with the letters
    else if (head.subarray(LETTERS.length).every(isPrintable)) return takeText(before);
    else failure = tooLarge(announced, most);
    return part.length;
  }

  /** Takes the head so far for text, to be quoted from its beginning. */
  function takeText(inHeadBefore: number): number {
    text = bodyOf(QUOTED_BYTES);
    text.add(head.subarray(0, inHeadBefore));
    return 0;
  }

  function push(chunk: Uint8Array, most: number): Decoded {
    const files: Uint8Array[] = [];
    for (let at = 0; at < chunk.length && failure === null; ) {
      const rest = chunk.subarray(at);
      if (text !== null) {
        at += text.add(rest);
        if (text.isFull()) failure = noMessage(text.bytes());
      } else if (body === null) at += takeHead(rest, most);
      else at += body.add(rest);
      if (body?.isFull()) {
        files.push(body.bytes());
        body = null;
        inHead = 0;
      }
    }
    return { files, failure };
  }

  function partial(): string | null {
    if (body !== null) return `${HEAD + body.length()} of ${HEAD + body.most} bytes`;
    return inHead > 0 ? `${inHead} bytes, fewer than the ${HEAD} that it begins with,` : null;
  }

  return {
    push,
    isInText: () => text !== null && failure === null,
    partial,
    end() {
      if (failure !== null) return failure;
      if (text !== null) return noMessage(text.bytes());
      const came = partial();
      return came === null ? null : failed('not-a-message', `its message was cut off: ${came} came`);
    },
  };
}

/** Bytes that come in pieces, up to a number of them. */
interface Body {
  readonly most: number;
  /** Takes what still belongs to it. Returns how many bytes it took. */
  add(chunk: Uint8Array): number;
  isFull(): boolean;
  length(): number;
  bytes(): Uint8Array;
}

function bodyOf(most: number): Body {
  let bytes = new Uint8Array(0);
  let length = 0;
  return {
    most,
    add(chunk) {
      const part = chunk.subarray(0, most - length);
      // a message in one piece is not copied
      if (length === 0 && part.length === most) bytes = part as Uint8Array<ArrayBuffer>;
      else {
        if (length + part.length > bytes.length) {
          // doubled, so that each byte is copied a few times at most, for any number of pieces
          const larger = new Uint8Array(Math.min(most, Math.max(2 * bytes.length, length + part.length, 4096)));
          larger.set(bytes.subarray(0, length));
          bytes = larger;
        }
        bytes.set(part, length);
      }
      length += part.length;
      return part.length;
    },
    isFull: () => length === most,
    length: () => length,
    bytes: () => bytes.subarray(0, length),
  };
}

const isPrintable = (byte: number): boolean => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13);

const tooLarge = (announced: bigint, most: number): Failure =>
  failed('too-large', `it announced ${announced} bytes; its answer can have ${most} at most`);

/** The first line that is not blank, without a message behind it on the same line. */
function firstLine(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes, { stream: true }).trimStart();
  const end = text.search(/[\r\n]|densessm[^\0]{0,7}\0/);
  return end < 0 ? text : text.slice(0, end);
}

/** The failure for bytes in place of a message. */
function noMessage(bytes: Uint8Array): Failure {
  const what = 'on standard output, where only messages may be';
  // a small header length, then JSON: the file without the letters and the length before it
  if (bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0)) {
    return failed('not-a-message', `it wrote a safetensors file without the ${HEAD} bytes that begin a message`);
  }
  const line = firstLine(bytes);
  if (/[^\P{Cc}\t\v\f]|\ufffd/u.test(stripVTControlCharacters(line))) {
    const hex = Buffer.from(bytes.subarray(0, 16))
      .toString('hex')
      .replace(/..(?=.)/g, '$& ');
    return failed('not-a-message', `it wrote bytes ${what}: ${hex} …`);
  }
  return failed('not-a-message', `it printed text ${what}: "${plain(line, 120)}"; print to standard error instead`);
}
