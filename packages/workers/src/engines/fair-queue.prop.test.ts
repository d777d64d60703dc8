import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFairQueue } from './fair-queue.ts';

/** Entries `<group><place>`, a few groups of any size, added in any order. */
const entries = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 })
  .map((groups) => groups.map((group, index) => ({ group, index })));
const counts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });

test('every entry is taken exactly once, and within its group in the order it came', () => {
  fc.assert(
    fc.property(entries, counts, (all, sizes) => {
      const queue = createFairQueue<(typeof all)[number]>();
      for (const entry of all) queue.add(entry, entry.group);
      const taken = [...sizes.flatMap((size) => queue.take(size)), ...queue.take(all.length)];
      expect(new Set(taken)).toEqual(new Set(all));
      expect(taken).toHaveLength(all.length);
      for (const group of ['a', 'b', 'c', 'd']) {
        const places = taken.filter((entry) => entry.group === group).map(({ index }) => index);
        expect(places).toEqual(places.toSorted((x, y) => x - y));
      }
    }),
  );
});

test('while two groups both wait, neither is ever served two entries more than the other', () => {
  fc.assert(
    fc.property(entries, counts, (all, sizes) => {
      const queue = createFairQueue<(typeof all)[number]>();
      const left: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
      const served: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
      for (const entry of all) {
        queue.add(entry, entry.group);
        left[entry.group] = (left[entry.group] ?? 0) + 1;
      }
      for (const { group } of sizes.flatMap((size) => queue.take(size))) {
        served[group] = (served[group] ?? 0) + 1;
        left[group] = (left[group] ?? 0) - 1;
        for (const other of Object.keys(left).filter((name) => (left[name] ?? 0) > 0)) {
          expect((served[group] ?? 0) - (served[other] ?? 0)).toBeLessThanOrEqual(1);
        }
      }
    }),
  );
});

test('an entry that was removed is never taken, and the others keep their turns', () => {
  fc.assert(
    fc.property(entries, fc.array(fc.nat(39)), (all, removed) => {
      const queue = createFairQueue<(typeof all)[number]>();
      for (const entry of all) queue.add(entry, entry.group);
      const gone = new Set(removed.flatMap((index) => all[index] ?? []));
      for (const entry of gone) queue.remove(entry);
      expect(queue.size).toBe(all.length - gone.size);
      expect(new Set(queue.take(all.length))).toEqual(new Set(all.filter((entry) => !gone.has(entry))));
      expect(queue.size).toBe(0);
    }),
  );
});

test('entries without a group do not wait behind a large one', () => {
  const queue = createFairQueue<string>();
  for (let i = 0; i < 16; i++) queue.add(`job item ${i}`, 'job');
  queue.add('single');
  expect(queue.take(2)).toEqual(['job item 0', 'single']);
});
