import type { GpuNeed } from '../../endpoints/endpoint.ts';
import { type Card, type CardReading, cardText } from './card.ts';
import { type Holding, roomOn, SAFETY_BYTES } from './decide-placement.ts';
import { GIGABYTE, memoryText, needText } from './memory-text.ts';

export interface ObstacleInput {
  readonly endpoint: string;
  readonly need: GpuNeed;
  readonly reading: CardReading;
  readonly cards: readonly Card[];
  readonly holdings: readonly NamedHolding[];
}

export interface NamedHolding extends Holding {
  readonly endpoint: string;
  /** Such as `busy`; `claimed`: no worker holds it yet, one is to start there. */
  readonly what: string;
}

/** Other programs' share is worth a word from here on. */
const WORTH_TELLING_BYTES = GIGABYTE / 4;

/** Why no worker of the endpoint can be put on a card now, as a clause for whoever waits. */
export function describeObstacle(input: ObstacleInput): string {
  const { endpoint, need, reading, cards } = input;
  const each = need.count === 1 ? 'on a graphics card' : `on each of ${need.count} graphics cards`;
  const start = `one needs ${needText(need.memoryBytes)} ${each}`;
  const elsewhere = `; \`spillway gpus ${endpoint}\` shows where one fits`;
  if (cards.length === 0) {
    const why = reading.problem === undefined ? '' : ` (${reading.problem})`;
    return `${start}, and this machine has none${why}${elsewhere}`;
  }
  const large = cards.filter((card) => roomOn({ ...card, usedBytes: 0 }, []) >= need.memoryBytes);
  if (large.length === 0) {
    const largest = cards.reduce((a, b) => (b.totalBytes > a.totalBytes ? b : a));
    const has = `${start}, the largest one here, ${cardText(largest)}, has ${memoryText(largest.totalBytes)}`;
    const reserve =
      largest.totalBytes < need.memoryBytes ? '' : `, of which ${needText(SAFETY_BYTES)} stay free`;
    return has + reserve + elsewhere;
  }
  if (large.length < need.count) {
    return `${start}, and this machine has ${large.length} of that size${elsewhere}`;
  }
  return `${start}, ${describeRoom({ ...input, cards: large })}`;
}

function describeRoom({ need, cards, holdings }: ObstacleInput): string {
  const byRoom = cards
    .map((card) => ({ card, room: roomOn(card, holdings) }))
    .toSorted((a, b) => b.room - a.room);
  // The last card that is still wanted is the one that is missing.
  const { card, room } = byRoom[need.count - 1] ?? { card: undefined, room: 0 };
  if (!card) return '';
  const here = holdings.filter((holding) => holding.cards.includes(card.id));
  const others = othersBytes(card, here);
  const holders = [
    ...here.map(describeHolding),
    ...(others >= WORTH_TELLING_BYTES ? [`other programs take ${needText(others)}`] : []),
  ];
  const which =
    cards.length === need.count ? cardText(card) : `and of those with most room, ${cardText(card)}`;
  const free = `${which} has ${memoryText(room)} of ${memoryText(card.totalBytes)} free`;
  return holders.length === 0 ? free : `${free}: ${holders.join(', ')}`;
}

function describeHolding({ endpoint, what, memoryBytes }: NamedHolding): string {
  const amount = needText(memoryBytes);
  if (what === 'claimed') return `a job of ${endpoint} waits for ${amount} of it`;
  return `a worker of ${endpoint} holds ${amount} (${what})`;
}

/** What is in use beyond what our ready workers need. */
function othersBytes({ usedBytes = 0 }: Card, here: readonly Holding[]): number {
  const ours = here.filter(({ isMeasured }) => isMeasured);
  return Math.max(0, usedBytes - ours.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0));
}
