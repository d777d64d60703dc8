import { expect, test } from 'vitest';
import { createArtifactLedger } from './artifact-ledger.ts';

const claim = (owner: string, sizeBytes: number) => ({ owner, sizeBytes });

test('what is kept at the start counts, and what goes makes room', () => {
  const known = [{ owner: 'a', bytes: 70, artifacts: 2 }];
  const ledger = createArtifactLedger(known, { perKeyBytes: 100 });
  expect(() => ledger.claim(claim('a', 31))).toThrow(
    /this key \(artifacts.quota.perKey\) may have 100 bytes: 70 bytes are used, 30 bytes are free, this has 31/,
  );
  ledger.claim(claim('a', 30));
  ledger.claim(claim('b', 100));
  expect(() => ledger.claim(claim('b', 1))).toThrow(/0 bytes are free/);
  ledger.release(claim('b', 100));
  ledger.claim(claim('b', 1));
  expect([ledger.of('a'), ledger.of('b'), ledger.total()]).toEqual([
    { bytes: 100, artifacts: 3 },
    { bytes: 1, artifacts: 1 },
    { bytes: 101, artifacts: 4 },
  ]);
});

test('each limit is told as what it is, with its own code', () => {
  const quota = { totalBytes: 5_000_000_000, perKeyBytes: 3_000_000_000, perArtifactBytes: 2_000_000_000 };
  const ledger = createArtifactLedger([], quota);
  const codeOf = (owner: string, size: number) => {
    try {
      ledger.claim(claim(owner, size));
      return 'taken';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(codeOf('a', 2_000_000_001)).toBe('PAYLOAD_TOO_LARGE');
  expect(codeOf('a', 2_000_000_000)).toBe('taken');
  expect(codeOf('a', 2_000_000_000)).toBe('QUOTA_EXCEEDED');
  expect(codeOf('b', 2_000_000_000)).toBe('taken');
  expect(codeOf('c', 2_000_000_000)).toBe('STORAGE_FULL');
  expect(() => ledger.claim(claim('c', 2_000_000_000))).toThrow(/4.0 GB \(4000000000 bytes\) are used/);
});

test('a refused claim takes nothing', () => {
  const ledger = createArtifactLedger([], { totalBytes: 10 });
  expect(() => ledger.claim(claim('a', 11))).toThrow();
  expect(ledger.total()).toEqual({ bytes: 0, artifacts: 0 });
  expect(ledger.of('a')).toEqual({ bytes: 0, artifacts: 0 });
});
