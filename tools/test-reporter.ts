import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one plain line that scripts can read: `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A module that failed to load has no tests, and must not look like one that passed.
      if (module.errors().length > 0) count.failed += 1;
      // Nor does a hook that failed have its tests fail: they are skipped.
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    // Written when the process ends, so that it stands after every other reporter's summary.
    process.once('exit', () => {
      console.log(`${count.passed} passed, ${count.failed + count.pending} failed, ${count.skipped} skipped`);
    });
  }
}
