import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Processes that tests start, hundreds of them, don't compile the same modules each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('.cache/node-compile', import.meta.url));

// Three kinds of test, one place each: unit beside the code, int in packages/*/test, e2e in e2e/. They share one line of
// files in that order, so that the long ones come first and the short ones fill what is left of it.
/** Of `expect.poll`, whose own 1 s is over when the machine is busy with others; a test's limit ends what is in vain. */
const expectation = { poll: { timeout: 150_000 } };

export default defineConfig({
  test: {
    reporters: ['default', './tools/test-reporter.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/{src,app}/**/*.test.ts', 'tools/**/*.test.ts'],
          // Milliseconds each; the limits only end a test that hangs, also on a machine that is busy with others.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: expectation,
        },
      },
      {
        test: {
          name: 'int',
          include: ['packages/*/test/**/*.int.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: expectation,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.test.ts'],
          testTimeout: 360_000,
          // Some install what is published.
          hookTimeout: 600_000,
          expect: expectation,
        },
      },
    ],
  },
});
