import { defineConfig } from 'vitest/config';

// Three kinds of test, one place each: unit beside the code, int in packages/*/test, e2e in e2e/.
/** Of `expect.poll`, whose own 1 s is over when the machine is busy with others; a test's limit ends what is in vain. */
const expectation = { poll: { timeout: 50_000 } };

export default defineConfig({
  test: {
    reporters: ['default', './tools/test-reporter.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/{src,app}/**/*.test.ts', 'tools/**/*.test.ts'],
          // Milliseconds each; the limit only ends a test that hangs, also on a machine that is busy with others.
          testTimeout: 60_000,
          expect: expectation,
        },
      },
      {
        test: {
          name: 'int',
          include: ['packages/*/test/**/*.int.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: expectation,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: expectation,
          fileParallelism: false,
        },
      },
    ],
  },
});
