import { expect, test } from 'vitest';
import { createArtifactLedger } from './artifact-ledger.ts';

const NO_VALUES = { values: 0, valueBytes: 0 };
const claim = (owner: string, sizeBytes: number) => ({ owner, sizeBytes });

test('what is kept at the start counts, and what goes makes room', () => {
  const known = [{ owner: 'a', bytes: 70, artifacts: 2 }];
  const ledger = createArtifactLedger(known, { perKeyBytes: 100 });
  expect(() => ledger.claim(claim('a', 31))).toThrow(
    /its jobs \(artifacts.quota.perKey\) may have 100 bytes: 70 bytes are used, 30 bytes are free, this has 31/,
  );
  ledger.claim(claim('a', 30));
  ledger.claim(claim('b', 100));
  expect(() => ledger.claim(claim('b', 1))).toThrow(/0 bytes are free/);
  ledger.release(claim('b', 100));
  ledger.claim(claim('b', 1));
  expect([ledger.of('a'), ledger.of('b'), ledger.total()]).toEqual([
    { bytes: 100, artifacts: 3, ...NO_VALUES },
    { bytes: 1, artifacts: 1, ...NO_VALUES },
    { bytes: 101, artifacts: 4, ...NO_VALUES },
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
  expect(ledger.total()).toEqual({ bytes: 0, artifacts: 0, ...NO_VALUES });
  expect(ledger.of('a')).toEqual({ bytes: 0, artifacts: 0, ...NO_VALUES });
});

test('large values of jobs fill the same room, and are told apart', () => {
  const ledger = createArtifactLedger([{ owner: 'a', bytes: 10, values: 1, valueBytes: 10 }], {
    perKeyBytes: 100,
  });
  ledger.claim(claim('a', 50));
  ledger.values.claim(claim('a', 40));
  expect(() => ledger.values.claim(claim('a', 1))).toThrow(/0 bytes are free, this has 1 bytes/);
  expect(() => ledger.claim(claim('a', 1))).toThrow(/0 bytes are free/);
  expect(ledger.of('a')).toEqual({ bytes: 100, artifacts: 1, values: 2, valueBytes: 50 });
  ledger.release(claim('a', 50));
  ledger.values.release(claim('a', 10));
  ledger.values.release(claim('a', 40));
  expect(ledger.of('a')).toEqual({ bytes: 0, artifacts: 0, ...NO_VALUES });
});
