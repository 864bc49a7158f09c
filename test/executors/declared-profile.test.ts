import { describe, expect, it } from 'vitest';
import { formats, profileFrom } from '../../src/executors/profiles/declared.ts';
import { cutTf32Format } from '../../src/executors/profiles/format.ts';
import { fastFunctions } from '../../src/executors/profiles/functions.ts';
import { bfloat16, bfloat16State, coarserThan, float32, profiles, tf32 } from '../../src/executors/profiles/profile.ts';

describe('a declared profile', () => {
  it('is a known one by its name, or by a table that is equal to it', () => {
    for (const [name, profile] of Object.entries(profiles)) {
      expect(profileFrom(name)).toBe(profile);
      expect(profileFrom({ base: name })).toBe(profile);
    }
    expect(profileFrom({ base: 'f32', product: 'tf32' })).toBe(tf32);
    expect(profileFrom({ base: 'bf16', state: 'bf16' })).toBe(bfloat16State);
  });

  it('is its base with other formats and functions, and is named after them', () => {
    const found = profileFrom({ base: 'bf16', decay: 'f64', product: 'tf32', functions: 'fast' });
    expect(found).toEqual({
      name: 'bf16 (product tf32, decay f64, functions fast)',
      says: `${bfloat16.says}, but product tf32, decay f64, functions with fast-math flags`,
      at: { ...bfloat16.at, product: cutTf32Format, decay: formats.f64 },
      functions: fastFunctions,
    });
    expect(profileFrom({ base: 'f32', functions: 'fast' }).at).toEqual(float32.at);
  });

  it('has coarser ones, though it is none of the known', () => {
    const coarser = coarserThan(profileFrom({ base: 'bf16', functions: 'fast' })).map(({ name }) => name);
    expect(coarser).toEqual(['f16-state', 'f16-all', 'bf16-state', 'bf16-all']);
  });

  it.each([
    ['bf61', /^it is "bf61", which is not known; known are f64, f32, .* \(did you mean 'bf16'\?\)$/],
    [['bf16'], /^it is \["bf16"\]; it is a name or a table: f64, f32, .*, or \{"base": …\}$/],
    [null, /^it is null; it is a name or a table/],
    [{ state: 'bf16' }, /^it: base is missing; known are f64, /],
    [{ base: 'toString' }, /^it: base is "toString", which is not known/],
    [
      { base: 'bf16', stat: 'bf16' },
      /^it has "stat", which is not known; known are base, functions, input, .* \(did you mean 'state'\?\)$/,
    ],
    [{ base: 'bf16', state: 'bf-16' }, /^it: state is "bf-16", .* f16 \(did you mean 'bf16'\?\)$/],
    [{ base: 'bf16', state: 16 }, /^it: state is 16, which is not known; known are f64, f32, .* f16$/],
    [{ base: 'bf16', functions: 'fats' }, /^it: functions is "fats", .* \(did you mean 'fast'\?\)$/],
  ])('that is not known is refused with the nearest name: %j', (declared, message) => {
    expect(() => profileFrom(declared, 'it')).toThrow(message);
  });
});
