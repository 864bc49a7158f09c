import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    // one worker fewer than cores would leave half of a two-core machine idle
    maxWorkers: '100%',
    // tests that start processes or compile kernels take seconds on a busy machine; a hang is still found
    testTimeout: 120_000,
  },
});
