import { describe, expect, it } from 'vitest';
import { wantsColour } from '../../src/cli/console.ts';
import { densessmIn } from './run.ts';

const ESCAPE = '\u001b[';

describe('colours', { timeout: 60_000 }, () => {
  it.each([
    [{}, true],
    [{ TERM: 'dumb' }, false],
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '0' }, false],
    [{ NO_COLOR: '' }, true],
    [{ FORCE_COLOR: '0' }, false],
    [{ FORCE_COLOR: 'false' }, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [{ CI: 'true' }, true],
  ])('are on for a terminal unless the environment disables them: %o', (env, expected) => {
    expect(wantsColour(env, true)).toBe(expected);
  });

  it.each([
    [{}, false],
    [{ CI: 'true' }, false],
    [{ FORCE_COLOR: '' }, false],
    [{ FORCE_COLOR: '0' }, false],
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: 'true', TERM: 'dumb' }, true],
    [{ FORCE_COLOR: '3', NO_COLOR: '1' }, false],
  ])('are off in a pipe unless the environment forces them: %o', (env, expected) => {
    expect(wantsColour(env, false)).toBe(expected);
    expect(densessmIn(env)('readings').stdout.includes(ESCAPE)).toBe(expected);
  });
});
