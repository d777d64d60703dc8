import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packBatch, readBatch, unpackBatch } from './batch-message.ts';
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

it('what is read straight through is what its operations say', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (batch) => {
      const writes: Write[] = [];
      const sums: Record<string, number[]> = {};
      const add = (endpoint: string, added: readonly number[], times: number) => {
        sums[endpoint] = added.map((one, index) => (sums[endpoint]?.[index] ?? 0) + one * times);
      };
      readBatch(
        packBatch(batch),
        (number, values) => writes.push([WRITE_NAMES[number] ?? 'wake', ...values]),
        add,
      );
      const read = { writes, sums: { ...sums } };
      for (const endpoint in sums) delete sums[endpoint];
      for (const { counts } of batch) for (const [endpoint, added] of counts) add(endpoint, added, 1);
      expect(read).toEqual({ writes: batch.flatMap((one) => one.writes), sums });
    }),
  );
});
