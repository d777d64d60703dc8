import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packBatch, unpackBatch } from './batch-message.ts';
import { WRITE_NAMES, type Write, type WriteOperation } from './writes.ts';

const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null));
const write = fc
  .tuple(fc.constantFrom(...WRITE_NAMES), fc.array(value, { maxLength: 5 }))
  .map(([name, values]): Write => [name, ...values]);
const moves = [
  [1, 1, 0, 0, 0, 0, 0],
  [-1, -1, 0, 1, 0, 0, 0],
  [0, 0, 0, -1, 1, 0, 0],
];
const counted = fc.tuple(fc.constantFrom('echo', 'detect', ''), fc.constantFrom(...moves));
const operation: fc.Arbitrary<WriteOperation> = fc.record({
  jobId: fc.option(fc.string(), { nil: undefined }),
  writes: fc.array(write, { maxLength: 4 }),
  counts: fc.array(counted, { maxLength: 2 }),
});

it('a batch arrives as it was sent', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (batch) => {
      expect(unpackBatch(packBatch(batch))).toEqual(batch);
    }),
  );
});
