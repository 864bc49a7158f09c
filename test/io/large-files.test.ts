import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/io/read-file.ts';
import { writeAndSync } from '../../src/io/write-file.ts';
import { sha256Of, sha256OfFile } from '../../src/runs/sha256.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('files that are larger than one call may read or write', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const path = join(folder, 'parts');

  it.each([1, 7, 999, 1000, 1001])('are written, read and hashed by %i bytes', (most) => {
    writeAndSync(path, bytes, most);
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
    expect(bytesOf(path, 3, 997, most)).toEqual(bytes.subarray(3, 997));
    expect(sha256Of(bytes, most)).toBe(sha256Of(bytes));
    expect(sha256OfFile(path, most)).toBe(sha256Of(bytes));
  });
});
