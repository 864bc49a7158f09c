import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // one worker fewer than cores would leave half of a two-core machine idle
    maxWorkers: '100%',
  },
});
