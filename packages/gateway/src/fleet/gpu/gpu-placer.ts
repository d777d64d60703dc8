import type { WorkerState } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { type Card, type CardReading, visibleCards } from './card.ts';
import type { CardReader } from './card-reader.ts';
import { decidePlacement, type Placement, roomOn } from './decide-placement.ts';
import { describeObstacle, type NamedHolding } from './describe-obstacle.ts';
import { type EndpointNeed, endpointNeed } from './endpoint-need.ts';
import type { WorkerGpu } from './worker-gpu.ts';

export type Place =
  /** `gpu` undefined: nothing is known of its need, it sees what the machine has. */
  | { readonly type: 'placed'; readonly gpu?: WorkerGpu; readonly remark?: string }
  | {
      readonly type: 'blocked';
      /** Workers of other endpoints that are to end for it. */
      readonly giveWay: readonly string[];
      /** When to look again although nothing happens: other programs end unseen. */
      readonly lookAgainAt: number;
    };

/** Whose workers could end for an endpoint that has no room. */
export interface GiveWay {
  /** Ids of those that may end now, the first to end first. */
  readonly now: readonly string[];
  /** Those that may not yet. Whoever is in neither list is kept. */
  readonly later: readonly string[];
  /** The endpoint waits for so long that nobody who asked later goes first. */
  readonly isOverdue: boolean;
}

/** What is asked of the fleet's workers. */
export interface PlacedWorker {
  readonly id: string;
  readonly endpoint: string;
  readonly state: WorkerState;
  readonly jobs: number;
  readonly readyAt?: number;
  readonly stoppedAt?: number;
  readonly gpu?: { readonly cards: readonly string[]; readonly memoryBytes: number };
}

export interface GpuPlacerOptions {
  readonly clock: Clock;
  readonly reader: CardReader;
  readonly endpoints: Iterable<Endpoint>;
  readonly workers: () => readonly PlacedWorker[];
}

/** How old the look at the cards may be that a decision rests on, where none of our workers has left them since. */
const FRESH_MS = 10_000;
/** While somebody waits: other programs end unseen. */
const LOOK_AGAIN_MS = 10_000;
/** So long after one of our workers ended, what is left on its card is taken for another program's. */
const SETTLE_MS = 5_000;

const NO_CARDS: WorkerGpu = { cards: [], memoryBytes: 0 };

export function createGpuPlacer(options: GpuPlacerOptions): GpuPlacer {
  return new GpuPlacer(options);
}

/** Memory that is held free for an endpoint which waits for it, on each of these cards. */
interface Claim {
  readonly endpoint: string;
  readonly cards: readonly string[];
  readonly memoryBytes: number;
}

/**
 * Puts workers on cards: knows what each endpoint's workers need, what those that run hold, and how full the cards
 * really are. It decides nothing about how many workers there are, and starts and stops none. What becomes free goes to
 * the endpoint that claimed it first, so that small workers, of which there is always room for one, can't keep a large one
 * out for ever.
 */
export class GpuPlacer {
  readonly #options: GpuPlacerOptions;
  readonly #needs = new Map<string, EndpointNeed>();
  /** Cards that an endpoint's own `env` allows. */
  readonly #allowed = new Map<string, string | undefined>();
  /** By endpoint, the oldest first. */
  readonly #claims = new Map<string, Claim>();
  /** Who could end for an endpoint, when it was asked last; only while it is blocked. */
  readonly #givers = new Map<string, GiveWay>();

  constructor(options: GpuPlacerOptions) {
    this.#options = options;
    for (const endpoint of options.endpoints) {
      const need = endpointNeed(endpoint);
      if (need) this.#needs.set(endpoint.name, need);
      this.#allowed.set(endpoint.name, endpoint.env.CUDA_VISIBLE_DEVICES);
    }
  }

  stop(): void {
    this.#options.reader.stop();
  }

  need(endpoint: string): EndpointNeed | undefined {
    return this.#needs.get(endpoint);
  }

  /** The cards as they are now. */
  cards(): Promise<CardReading> {
    return this.#options.reader.read(this.#oldestUsable());
  }

  /** Memory of cards that our workers hold. */
  holdings(): readonly NamedHolding[] {
    return this.#workerHoldings(this.#options.reader.latest, undefined);
  }

  /**
   * Where the endpoint's next worker goes. `giveWay` is asked only where there is no room. Whoever is blocked asks again
   * until it is placed, or calls `release`.
   */
  async place({ name, gpu }: Endpoint, giveWay?: () => Promise<GiveWay>): Promise<Place> {
    if (gpu === 'none') return { type: 'placed', gpu: NO_CARDS };
    const need = this.#needs.get(name);
    if (!need?.isPlaced) return { type: 'placed' };
    const reading = await this.cards();
    let placement = this.#decide(name, need, reading);
    if (placement.type === 'blocked' && giveWay) {
      const givers = await giveWay();
      this.#givers.set(name, givers);
      placement = this.#decide(name, need, reading);
      this.#claim(name, need, placement, givers);
    }
    if (placement.type === 'placed') {
      this.release(name);
      const { cards } = placement;
      const chosen = cards.flatMap((id) => reading.cards.find((card) => card.id === id) ?? []);
      return { type: 'placed', gpu: { cards: chosen, memoryBytes: need.memoryBytes } };
    }
    if (this.#mayRunWithout(need, reading, placement)) {
      const remark = this.#describe(name, need, reading);
      this.release(name);
      // On a machine without cards it runs as ever.
      return reading.cards.length === 0 ? { type: 'placed' } : { type: 'placed', gpu: NO_CARDS, remark };
    }
    return {
      type: 'blocked',
      giveWay: placement.giveWay,
      lookAgainAt: this.#options.clock.now() + LOOK_AGAIN_MS,
    };
  }

  /** The endpoint wants no further worker. */
  release(endpoint: string): void {
    this.#claims.delete(endpoint);
    this.#givers.delete(endpoint);
  }

  /** Why no further worker of the endpoint starts now, as a clause; undefined where cards are no obstacle. */
  obstacle(name: string): string | undefined {
    const need = this.#needs.get(name);
    const { latest } = this.#options.reader;
    if (!need?.isPlaced || !latest) return undefined;
    // What a worker that has left since really took would seem to be other programs'.
    const isOld = latest.readAt <= this.#lastEndAt();
    const reading = isOld ? withoutUse(latest) : latest;
    const placement = this.#decide(name, need, reading);
    if (placement.type === 'placed' || this.#mayRunWithout(need, reading, placement)) return undefined;
    return this.#describe(name, need, reading);
  }

  /** Cards on which a worker fits while nobody else is there. */
  fittingCards(name: string, reading: CardReading): readonly string[] {
    const need = this.#needs.get(name);
    if (!need) return [];
    const fitting = this.#cardsOf(name, reading).filter(
      (card) => roomOn({ ...card, usedBytes: 0 }, []) >= need.memoryBytes,
    );
    return fitting.length < need.count ? [] : fitting.map(({ id }) => id);
  }

  /** Whoever waits for room that is coming keeps it from others; who waits for too long, wherever it may come. */
  #claim(
    endpoint: string,
    { memoryBytes }: EndpointNeed,
    placement: Placement,
    { isOverdue }: GiveWay,
  ): void {
    if (placement.type === 'placed') return;
    const cards = isOverdue ? placement.hopeful : placement.awaited;
    if (cards.length === 0) this.#claims.delete(endpoint);
    else this.#claims.set(endpoint, { endpoint, cards, memoryBytes });
  }

  /** A built-in worker that would wait for ever runs on the CPU instead, unless it was told to take nothing but a card. */
  #mayRunWithout(need: EndpointNeed, { cards }: CardReading, placement: Placement): boolean {
    if (need.origin !== 'known' || placement.type === 'placed' || placement.hopeful.length > 0) return false;
    // What the worker finds by itself, and where it refuses to run, is its own business.
    if (cards.length === 0) return true;
    // What seems to be other programs' may be the rest of a worker of ours that has just ended.
    return !need.isRequired && this.#options.clock.now() - this.#lastEndAt() >= SETTLE_MS;
  }

  #decide(name: string, need: EndpointNeed, reading: CardReading): Placement {
    return decidePlacement(need, this.#cardsOf(name, reading), this.#holdingsFor(name, reading));
  }

  #describe(endpoint: string, need: EndpointNeed, reading: CardReading): string {
    const cards = this.#cardsOf(endpoint, reading);
    return describeObstacle({
      endpoint,
      need,
      reading,
      cards,
      holdings: this.#holdingsFor(endpoint, reading),
    });
  }

  #cardsOf(endpoint: string, { cards }: CardReading): readonly Card[] {
    return visibleCards(cards, this.#allowed.get(endpoint));
  }

  /** What stands in the endpoint's way: workers, and older claims of others. */
  #holdingsFor(endpoint: string, reading: CardReading): readonly NamedHolding[] {
    const claims: NamedHolding[] = [];
    for (const claim of this.#claims.values()) {
      if (claim.endpoint === endpoint) break;
      claims.push({ ...claim, workerId: '', isMeasured: false, leaves: 'later', what: 'claimed' });
    }
    return [...this.#workerHoldings(reading, endpoint), ...claims];
  }

  #workerHoldings(reading: CardReading | undefined, asking: string | undefined): readonly NamedHolding[] {
    const { readAt = 0 } = reading ?? {};
    const givers = asking === undefined ? undefined : this.#givers.get(asking);
    const order = ({ workerId }: NamedHolding) => givers?.now.indexOf(workerId) ?? -1;
    return this.#options
      .workers()
      .flatMap((worker) => holdingOf(worker, { readAt, asking, givers }))
      .toSorted((a, b) => order(a) - order(b));
  }

  /** An older look won't do: it counted the memory of a worker that has left since. */
  #oldestUsable(): number {
    return Math.max(this.#options.clock.now() - FRESH_MS, this.#lastEndAt());
  }

  /** When the last worker left a card. */
  #lastEndAt(): number {
    const ends = this.#options.workers().map(({ gpu, stoppedAt = 0 }) => (gpu?.cards.length ? stoppedAt : 0));
    return Math.max(0, ...ends);
  }
}

/** As if nobody had told how full the cards are. */
function withoutUse(reading: CardReading): CardReading {
  return { ...reading, cards: reading.cards.map(({ usedBytes: _, ...card }) => card) };
}

interface Asked {
  readonly readAt: number;
  readonly asking: string | undefined;
  /** Undefined: nobody asked who could end, so everybody might. */
  readonly givers: GiveWay | undefined;
}

function holdingOf(worker: PlacedWorker, { readAt, asking, givers }: Asked): NamedHolding[] {
  const { id, endpoint, state, jobs, readyAt, gpu } = worker;
  if (!gpu || gpu.cards.length === 0 || state === 'stopped') return [];
  const isKept = givers !== undefined && !givers.later.includes(id) && endpoint !== asking;
  const leaves = LEAVING.includes(state) ? 'now' : givers?.now.includes(id) ? 'may' : isKept ? 'no' : 'later';
  const what = jobs > 0 ? 'busy' : leaves === 'no' ? `kept by workers.min of ${endpoint}` : WORDS[state];
  return [
    {
      ...{ workerId: id, endpoint, cards: gpu.cards, memoryBytes: gpu.memoryBytes },
      ...{ isMeasured: readyAt !== undefined && readyAt <= readAt, leaves, what },
    },
  ];
}

const LEAVING: readonly WorkerState[] = ['stopping', 'outdated', 'unhealthy'];

const WORDS: Readonly<Record<WorkerState, string>> = {
  initializing: 'starting',
  idle: 'idle',
  running: 'busy',
  throttled: 'held back',
  outdated: 'on its way out',
  unhealthy: 'unhealthy',
  stopping: 'on its way out',
  stopped: 'ended',
};
