import type { RemoteBackend } from '../endpoints/endpoint.ts';
import { type Breaker, type BreakerEvent, CLOSED, decideAdmission, nextBreaker } from './breaker.ts';
import type { PlaceView } from './decide-moves.ts';
import { healthProblem } from './remote-health.ts';
import { createRunpodClient, type RunpodClient } from './runpod-client.ts';

/** While jobs are there its health is asked for this often. */
const HEALTH_EVERY_MS = 15_000;

/** One remote endpoint: who calls it, whether it may be given jobs, and how many it has. */
export interface RemotePlace {
  readonly settings: RemoteBackend;
  readonly client: RunpodClient;
  /** Attempts that are there. */
  readonly running: Map<string, Promise<void>>;
  /** When an attempt last went on from here since none had begun it; cleared when one begins. */
  passedOverAt: number | undefined;
  note(event: BreakerEvent): void;
  /** How many more jobs it may get now. */
  room(): number;
  /** Whether the jobs that go out now are on trial. */
  isOnTrial(): boolean;
  /** Why it gets none, as a clause; undefined while all is well. */
  problem(): string | undefined;
  view(): PlaceView;
  /** Asks for its health where it is time, and tells whether it did; `isWanted`: jobs wait to go there. */
  probe(isWanted: boolean): Promise<boolean>;
  /** When the next probe is due, where one is to come: nobody asks for the sake of no job. */
  nextProbeAt(isWanted: boolean): number | undefined;
}

export function createRemotePlace(
  settings: RemoteBackend,
  now: () => number,
  send?: typeof fetch,
): RemotePlace {
  const client = createRunpodClient({ ...settings, ...(send ? { fetch: send } : {}) });
  const running = new Map<string, Promise<void>>();
  let breaker: Breaker = CLOSED;
  let askedAt = Number.NEGATIVE_INFINITY;
  let isAsking = false;
  const note = (event: BreakerEvent) => {
    breaker = nextBreaker(breaker, event, now());
  };
  const isForSomeone = (isWanted: boolean) => isWanted || running.size > 0;
  const waitMs = settings.waitThereMs ?? settings.queueDelayMs;
  const room = () => {
    const admission = decideAdmission(breaker, now());
    const free = Math.max(0, settings.maxInFlight - running.size);
    if (admission === 'all') return free;
    return admission === 'one' ? Math.min(1, free) : 0;
  };
  const problem = () => (breaker.state === 'open' ? breaker.reason : undefined);
  const place: RemotePlace = {
    ...{ settings, client, running, note, room, problem },
    passedOverAt: undefined,
    isOnTrial: () => breaker.state === 'half-open',
    view: () => ({
      ...{ name: settings.endpointId, room: room(), problem: problem(), waitMs },
      passedOverAt: place.passedOverAt,
    }),
    async probe(isWanted) {
      const isDue =
        decideAdmission(breaker, now()) === 'probe' ||
        (breaker.state === 'closed' && running.size > 0 && now() - askedAt >= HEALTH_EVERY_MS);
      if (!isDue || isAsking || !isForSomeone(isWanted)) return false;
      askedAt = now();
      isAsking = true;
      const found = healthProblem(await client.health());
      isAsking = false;
      note({ type: 'health', problem: found });
      return true;
    },
    nextProbeAt(isWanted) {
      if (isAsking || !isForSomeone(isWanted)) return undefined;
      if (breaker.state === 'open') return breaker.until;
      return breaker.state === 'closed' && running.size > 0 ? askedAt + HEALTH_EVERY_MS : undefined;
    },
  };
  return place;
}
