import fc from 'fast-check';
import { expect, test } from 'vitest';
import { insertBehind, type Linked, type LinkedList, takeOut } from './linked-list.ts';

interface Item extends Linked<Item> {
  readonly name: number;
}

/** Names from the head on; read from the back it must be the same. */
function namesOf(list: LinkedList<Item>): number[] {
  const names: number[] = [];
  for (let item = list.first; item; item = item.after) names.push(item.name);
  const backwards: number[] = [];
  for (let item = list.last; item; item = item.before) backwards.push(item.name);
  expect(backwards.toReversed()).toEqual(names);
  return names;
}

test('a list is in the order in which an array would be, whatever comes and goes', () => {
  const steps = fc.array(fc.record({ isComing: fc.boolean(), place: fc.nat() }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (all) => {
      const list: LinkedList<Item> = { first: undefined, last: undefined };
      const model: Item[] = [];
      for (const [name, { isComing, place }] of all.entries()) {
        if (isComing) {
          const item: Item = { name, before: undefined, after: undefined };
          const at = place % (model.length + 1);
          insertBehind(list, model[at - 1], item);
          model.splice(at, 0, item);
        } else {
          const [item] = model.splice(place % Math.max(1, model.length), 1);
          if (!item) continue;
          takeOut(list, item);
          expect([item.before, item.after]).toEqual([undefined, undefined]);
        }
        expect(namesOf(list)).toEqual(model.map((item) => item.name));
      }
    }),
  );
});
