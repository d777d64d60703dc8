import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CardRoom, decidePlacement, type Holding, roomOn } from './decide-placement.ts';
import { MEGABYTE } from './memory-text.ts';

const megabytes = (max: number) => fc.integer({ min: 0, max }).map((amount) => amount * MEGABYTE);

const situation = fc.integer({ min: 0, max: 4 }).chain((cardCount) => {
  const ids = Array.from({ length: cardCount }, (_, index) => `GPU-${index}`);
  const card = (id: string, index: number): fc.Arbitrary<CardRoom> =>
    fc.record(
      {
        id: fc.constant(id),
        index: fc.constant(index),
        totalBytes: megabytes(24_000),
        usedBytes: megabytes(24_000),
      },
      { requiredKeys: ['id', 'index', 'totalBytes'] },
    );
  const holding = (workerId: string): fc.Arbitrary<Holding> =>
    fc.record({
      workerId: fc.constant(workerId),
      cards: fc.subarray(ids, { minLength: Math.min(1, cardCount) }),
      memoryBytes: megabytes(12_000),
      isMeasured: fc.boolean(),
      leaves: fc.constantFrom('now' as const, 'may' as const, 'later' as const, 'no' as const),
    });
  return fc.record({
    need: fc.record({ memoryBytes: megabytes(16_000), count: fc.integer({ min: 1, max: 3 }) }),
    cards: fc.tuple(...ids.map(card)) as fc.Arbitrary<CardRoom[]>,
    holdings: fc
      .integer({ min: 0, max: 6 })
      .chain((count) =>
        fc.tuple(...Array.from({ length: count }, (_, index) => holding(`w${index}`))),
      ) as fc.Arbitrary<Holding[]>,
  });
});

test('a worker is put only where its memory is left, on as many different cards as it needs', () => {
  fc.assert(
    fc.property(situation, ({ need, cards, holdings }) => {
      const placement = decidePlacement(need, cards, holdings);
      if (placement.type !== 'placed') return;
      expect(new Set(placement.cards).size).toBe(need.count);
      const own: Holding = { workerId: 'new', ...need, ...placement, isMeasured: false, leaves: 'no' };
      for (const card of cards.filter(({ id }) => placement.cards.includes(id))) {
        const { totalBytes, usedBytes = 0 } = card;
        const all = [...holdings, own].filter((one) => one.cards.includes(card.id));
        const reserved = all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
        const unseen = all.filter(({ isMeasured }) => !isMeasured);
        expect(reserved).toBeLessThanOrEqual(totalBytes);
        expect(usedBytes + unseen.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)).toBeLessThanOrEqual(
          totalBytes,
        );
      }
    }),
  );
});

test('it is blocked only where too few cards have room, and the taken ones are the fullest that have', () => {
  fc.assert(
    fc.property(situation, ({ need, cards, holdings }) => {
      const rooms = cards.map((card) => ({ id: card.id, room: roomOn(card, holdings) }));
      const fitting = rooms.filter(({ room }) => room >= need.memoryBytes);
      const placement = decidePlacement(need, cards, holdings);
      expect(placement.type).toBe(fitting.length >= need.count ? 'placed' : 'blocked');
      if (placement.type === 'blocked') return;
      const roomiest = (ids: (id: string) => boolean) =>
        fitting.filter(({ id }) => ids(id)).map(({ room }) => room);
      const taken = roomiest((id) => placement.cards.includes(id));
      const left = roomiest((id) => !placement.cards.includes(id));
      expect(Math.max(...taken)).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...left));
    }),
  );
});

test('the order in which cards and workers are told decides nothing', () => {
  fc.assert(
    fc.property(situation, ({ need, cards, holdings }) => {
      // Those that may leave come in the order in which they should.
      const fixed = holdings.filter(({ leaves }) => leaves !== 'may');
      const asked = holdings.filter(({ leaves }) => leaves === 'may');
      expect(decidePlacement(need, cards.toReversed(), [...fixed.toReversed(), ...asked])).toEqual(
        decidePlacement(need, cards, [...asked, ...fixed]),
      );
    }),
  );
});

test('only workers that may end give way; with them there is room, and without any one of them there is not', () => {
  fc.assert(
    fc.property(situation, ({ need, cards, holdings }) => {
      const placement = decidePlacement(need, cards, holdings);
      if (placement.type === 'placed') return;
      const fits = (gone: readonly Holding[]) =>
        cards.filter((card) => roomOn(card, holdings, gone) >= need.memoryBytes).length >= need.count;
      const leaving = holdings.filter(({ leaves }) => leaves === 'now');
      const ended = holdings.filter(({ workerId }) => placement.giveWay.includes(workerId));
      for (const { leaves } of ended) expect(leaves).toBe('may');
      const hopeful = fits(holdings.filter(({ leaves: when }) => when !== 'no'));
      expect(placement.hopeful.length > 0).toBe(hopeful);
      for (const id of placement.awaited) expect(placement.hopeful).toContain(id);
      const mayGo = holdings.filter(({ leaves }) => leaves === 'may');
      const couldFit = fits([...leaving, ...mayGo]);
      if (ended.length === 0) {
        expect(fits(leaving) || !couldFit).toBe(true);
        return;
      }
      expect(fits([...leaving, ...ended])).toBe(true);
    }),
  );
});

test('on a single card nobody gives way for nothing', () => {
  fc.assert(
    fc.property(situation, ({ need, cards, holdings }) => {
      const [card] = cards;
      if (!card) return;
      const one = { ...need, count: 1 };
      const placement = decidePlacement(one, [card], holdings);
      if (placement.type === 'placed') return;
      const leaving = holdings.filter(({ leaves }) => leaves === 'now');
      const ended = holdings.filter(({ workerId }) => placement.giveWay.includes(workerId));
      for (const spared of ended) {
        const others = ended.filter((holding) => holding !== spared);
        expect(roomOn(card, holdings, [...leaving, ...others])).toBeLessThan(one.memoryBytes);
      }
    }),
  );
});
