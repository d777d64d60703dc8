import type { Endpoint, RemoteBackend } from '../endpoints/endpoint.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import type { LocalView } from './decide-route.ts';
import { createRemoteStore } from './remote-store.ts';
import type { SpillCosts, SpillRouterOptions } from './spill-options.ts';
import { createSpillRouter } from './spill-router.ts';

/** Nothing costs anything. */
const FREE: SpillCosts = {
  obstacle: () => undefined,
  blockedUntil: () => undefined,
  blockedKeys: () => [],
  reserve: () => true,
  keep: () => {},
  release: () => {},
  note: () => {},
};

export const testRemote = (changes: Partial<RemoteBackend> = {}): RemoteBackend => ({
  ...{ endpointId: 'ep', apiKey: 'k', baseUrl: 'http://runpod.test/v2', maxInFlight: 10 },
  ...{ queueDelayMs: 0, onUnhealthy: true },
  ...changes,
});

/** A call that RunPod is asked, as `/v2/<remote>/<operation>/<id>`. */
export interface PlayedCall {
  readonly remote: string;
  readonly operation: string;
  readonly id: string;
  readonly body: string;
}

/** The endpoint `echo` with these backends at a RunPod that `answer` plays, on a clock that tests move by hand. */
export function createTestSpill({
  remotes = [testRemote()],
  endpoint = {},
  local = () => ({ type: 'none' }),
  answer,
  more = {},
  engine = createTestEngine(),
}: {
  readonly remotes?: readonly RemoteBackend[];
  readonly endpoint?: Partial<Endpoint>;
  readonly local?: () => LocalView;
  readonly answer: (call: PlayedCall) => unknown;
  readonly more?: Partial<SpillRouterOptions>;
  readonly engine?: ReturnType<typeof createTestEngine>;
}) {
  const { clock } = engine;
  const calls: PlayedCall[] = [];
  const [remote, ...furtherRemotes] = remotes;
  const store = createRemoteStore(engine.db, engine.exclusive);
  const spill = createSpillRouter({
    ...{ clock, store, ids: engine.ids, queue: engine.queue, costs: FREE, leaseMs: 40_000 },
    endpoints: [
      newTestEndpoint({
        ...{ name: 'echo', backends: ['runpod'], ...endpoint, furtherRemotes },
        ...(remote ? { remote } : {}),
      }),
    ],
    ...{ random: () => 0.5, inputFor: (job) => job.input, isPaused: () => false, forgetStops: () => {} },
    ...{ local, log: { warn: () => {}, info: () => {} } },
    async fetch(url, init) {
      const [name = '', operation = '', id = ''] = new URL(String(url)).pathname.split('/').slice(2);
      const call = { remote: name, operation, id, body: String(init?.body ?? '') };
      calls.push(call);
      return Response.json(await answer(call));
    },
    ...more,
  });
  return {
    ...{ clock, engine, spill, store, calls },
    made: (operation: string) => calls.filter((one) => one.operation === operation),
    async stop(): Promise<void> {
      const stopped = spill.stop();
      await clock.advance(6_000);
      await stopped;
      await engine.stop();
    },
  };
}
