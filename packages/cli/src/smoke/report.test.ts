import { expect, test } from 'vitest';
import type { CheckStatus } from './check.ts';
import { createRedactor, verdictOf } from './report.ts';

const outcome = (statuses: readonly CheckStatus[], isInterrupted = false) => ({
  target: {
    kind: 'pod',
    label: '',
    signedName: '',
    isLocal: true,
    checks: [],
    run: async () => ({ status: '' }),
  } as const,
  worker: undefined,
  results: statuses.map((status) => ({ name: 'a', status, detail: '', ms: 1 })),
  durationMs: 1,
  isInterrupted,
});

test('what was skipped neither fails a test nor passes it', () => {
  expect(verdictOf(outcome(['PASSED', 'SKIPPED']))).toBe('PASSED');
  expect(verdictOf(outcome(['PASSED', 'FAILED']))).toBe('FAILED');
  expect(verdictOf(outcome(['SKIPPED', 'SKIPPED']))).toBe('FAILED');
  expect(verdictOf(outcome(['PASSED'], true))).toBe('INTERRUPTED');
});

test('secrets are taken out wherever they stand, and short texts are left', () => {
  const redact = createRedactor(['spk_secret-of-a-test', undefined, 'a']);
  expect(redact('the key spk_secret-of-a-test (spk_secret-of-a-test) is unknown')).toBe(
    'the key [secret] ([secret]) is unknown',
  );
});
