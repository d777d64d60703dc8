import type { GpuNeed } from '../../endpoints/endpoint.ts';
import type { Card } from './card.ts';
import { MEGABYTE } from './memory-text.ts';

/**
 * On which cards a worker goes, as a pure choice. A card's memory is shared out twice over, and the smaller rest counts:
 * by what its workers were said to need, and by what all programs on it really took when it was looked at, together with
 * what workers need that hadn't loaded their models by then. Among the cards with room the fullest is taken (best fit),
 * so that large workers find an empty one. Where there is no room, it tells whose end would make some.
 */
export type Placement =
  | { readonly type: 'placed'; readonly cards: readonly string[] }
  | {
      readonly type: 'blocked';
      /** Workers to end now, by whose end there will be room; none where that is not enough, or others leave already. */
      readonly giveWay: readonly string[];
      /** Cards that will have room once these, and those that leave already, are gone. Fewer than needed: none. */
      readonly awaited: readonly string[];
      /** Cards that may come to have room, sooner or later. Fewer than needed: none, and there is no hope. */
      readonly hopeful: readonly string[];
    };

/** What one of our workers holds. */
export interface Holding {
  readonly workerId: string;
  readonly cards: readonly string[];
  /** On each of its cards. */
  readonly memoryBytes: number;
  /** It was ready when the cards were looked at: what it really takes is in their `usedBytes`. */
  readonly isMeasured: boolean;
  /** `now`: it is on its way out. `may`: it can be ended for another. `later`: not yet. `no`: it is kept. */
  readonly leaves: 'now' | 'may' | 'later' | 'no';
}

export type CardRoom = Pick<Card, 'id' | 'index' | 'totalBytes' | 'usedBytes'>;

/** Kept free on every card: what a process takes changes a little all the time. */
export const SAFETY_BYTES = 256 * MEGABYTE;

/** Bytes for another worker. Not negative, except where a card is overfull. */
export function roomOn(
  { id, totalBytes, usedBytes }: CardRoom,
  holdings: readonly Holding[],
  gone: readonly Holding[] = [],
): number {
  const here = holdings.filter(({ cards }) => cards.includes(id));
  const staying = here.filter((holding) => !gone.includes(holding));
  const capacity = totalBytes - SAFETY_BYTES;
  const reserved = sum(staying);
  if (usedBytes === undefined) return capacity - reserved;
  const leaving = here.filter((holding) => holding.isMeasured && gone.includes(holding));
  const stillUsed = Math.max(0, usedBytes - sum(leaving));
  return Math.min(
    capacity - reserved,
    capacity - stillUsed - sum(staying.filter(({ isMeasured }) => !isMeasured)),
  );
}

/** `holdings`: all of our workers; those that may leave in the order in which they should. */
export function decidePlacement(
  { memoryBytes, count }: GpuNeed,
  cards: readonly CardRoom[],
  holdings: readonly Holding[],
): Placement {
  const fitting = (gone: readonly Holding[]) =>
    cards
      .map((card) => ({ card, room: roomOn(card, holdings, gone) }))
      .filter(({ room }) => room >= memoryBytes)
      .toSorted((a, b) => a.room - b.room || byPlace(a.card, b.card));
  const free = fitting([]);
  if (free.length >= count) {
    return { type: 'placed', cards: idsOf(free.slice(0, count)) };
  }
  const hopeful = fitting(holdings.filter(({ leaves }) => leaves !== 'no'));
  if (hopeful.length < count) return { type: 'blocked', giveWay: [], awaited: [], hopeful: [] };
  const leaving = holdings.filter(({ leaves }) => leaves === 'now');
  const mayGo = holdings.filter(({ leaves }) => leaves === 'may');
  const blocked = (giveWay: readonly Holding[]): Placement => {
    const awaited = fitting([...leaving, ...giveWay]);
    return {
      type: 'blocked',
      giveWay: giveWay.map(({ workerId }) => workerId),
      awaited: awaited.length < count ? [] : idsOf(awaited),
      hopeful: idsOf(hopeful),
    };
  };
  if (fitting(leaving).length >= count || fitting([...leaving, ...mayGo]).length < count) return blocked([]);
  const target = cards
    .map((card) => ({ card, giveWay: leastToEnd(card, memoryBytes, { holdings, leaving, mayGo }) }))
    .flatMap(({ card, giveWay }) => (giveWay ? [{ card, giveWay }] : []))
    .toSorted((a, b) => a.giveWay.length - b.giveWay.length || byPlace(a.card, b.card))
    .slice(0, count);
  const all = mayGo.filter((holding) => target.some(({ giveWay }) => giveWay.includes(holding)));
  const isEnough = (ended: readonly Holding[]) =>
    target.every(({ card }) => roomOn(card, holdings, [...leaving, ...ended]) >= memoryBytes);
  return blocked(withoutNeedless(all, isEnough));
}

/** Parts of one card share its number. */
function byPlace(a: CardRoom, b: CardRoom): number {
  return a.index - b.index || (a.id < b.id ? -1 : 1);
}

function idsOf(rooms: readonly { readonly card: CardRoom }[]): readonly string[] {
  return rooms.map(({ card }) => card.id);
}

interface Leaving {
  readonly holdings: readonly Holding[];
  readonly leaving: readonly Holding[];
  readonly mayGo: readonly Holding[];
}

/** Whose end makes room on one card; undefined where all of them don't. */
function leastToEnd(
  card: CardRoom,
  memoryBytes: number,
  { holdings, leaving, mayGo }: Leaving,
): readonly Holding[] | undefined {
  const here = mayGo.filter(({ cards }) => cards.includes(card.id));
  const isEnough = (ended: readonly Holding[]) =>
    roomOn(card, holdings, [...leaving, ...ended]) >= memoryBytes;
  for (let count = 0; count <= here.length; count += 1) {
    const first = here.slice(0, count);
    if (isEnough(first)) return withoutNeedless(first, isEnough);
  }
  return undefined;
}

/** Leaves out, one after the other, whoever need not go: a small one may have been asked before a large one was. */
function withoutNeedless(
  holdings: readonly Holding[],
  isEnough: (ended: readonly Holding[]) => boolean,
): readonly Holding[] {
  let needed = holdings;
  for (const holding of holdings) {
    const others = needed.filter((other) => other !== holding);
    if (isEnough(others)) needed = others;
  }
  return needed;
}

function sum(holdings: readonly Holding[]): number {
  return holdings.reduce((total, { memoryBytes }) => total + memoryBytes, 0);
}
