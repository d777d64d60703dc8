import type { CreateVolume, RunpodEndpoint, RunpodVolume } from '@spillway/sdk/runpod';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeAccount, type FakeAccount } from '../../test/fake-runpod-account.ts';
import { type Actual, type Desired, type Plan, planDeploy, planUndeploy, type Step } from './plan-deploy.ts';
import { type EndpointSettings, newVolume, settingsOf } from './settings.ts';

const name = fc.constantFrom('FOO', 'BAR', 'HF_TOKEN', 'constructor', 'WORKER');
const gpu = fc
  .record(
    {
      pools: fc.uniqueArray(fc.constantFrom('AMPERE_16', 'AMPERE_24', 'ADA_24', 'AMPERE_48'), {
        minLength: 1,
      }),
      excludesL4: fc.boolean(),
      count: fc.integer({ min: 1, max: 4 }),
      minCudaVersion: fc.constantFrom('', '12.4'),
    },
    { requiredKeys: ['pools', 'excludesL4', 'count'] },
  )
  .map(({ excludesL4, ...rest }) => ({
    ...rest,
    excludedTypes: excludesL4 && rest.pools.includes('AMPERE_24') ? ['NVIDIA L4'] : [],
  }));

/** As what is read from JSON. */
const PLAIN = { noNullPrototype: true } as const;

const scaling = fc.oneof(
  fc.record(
    { type: fc.constant('QUEUE_DELAY' as const), queueDelay: fc.integer({ min: 1, max: 60 }) },
    PLAIN,
  ),
  fc.record(
    { type: fc.constant('REQUEST_COUNT' as const), requestCount: fc.integer({ min: 1, max: 9 }) },
    PLAIN,
  ),
);

/** Settings of endpoints with a queue and cards; what may be left out is left out at times. */
const settings: fc.Arbitrary<EndpointSettings> = fc
  .record(
    {
      ...{
        name: fc.constantFrom('spillway-clip', 'clip'),
        type: fc.constant('QUEUE' as const),
        scaling,
        gpu,
      },
      image: fc.constantFrom('acme/clip:1', 'acme/clip:2'),
      env: fc.dictionary(name, fc.constantFrom('', 'a', '{{ RUNPOD_SECRET_x }}'), { noNullPrototype: true }),
      limits: fc.record({
        min: fc.nat(2),
        max: fc.integer({ min: 2, max: 5 }),
        idle: fc.integer({ min: 1, max: 60 }),
      }),
      timeout: fc.constantFrom(5000, 600_000),
      flashboot: fc.constantFrom('OFF' as const, 'FLASHBOOT' as const, 'PRIORITY_FLASHBOOT' as const),
      args: fc.constantFrom('', 'python -u handler.py'),
      disk: fc.integer({ min: 1, max: 40 }),
      ports: fc.constantFrom([], ['8000/http']),
      registry: fc.constantFrom('', 'reg1'),
      dataCenterIds: fc.constantFrom([], ['EU-RO-1'], ['US-KS-2', 'EU-RO-1']),
    },
    { requiredKeys: ['name', 'type', 'scaling', 'gpu', 'image', 'env', 'limits', 'timeout', 'flashboot'] },
  )
  .map(({ limits: { min, max, idle }, ...rest }) => ({
    ...rest,
    networkVolumes: [],
    workers: rest.scaling.type === 'QUEUE_DELAY' ? { min, max, idleTimeout: idle } : { min, max },
  }));

const volumes: fc.Arbitrary<CreateVolume[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('models', 'data'),
    size: fc.integer({ min: 10, max: 90 }),
    dataCenter: fc.constantFrom('EU-RO-1', 'US-KS-2'),
  }),
  { maxLength: 2, selector: ({ dataCenter }) => dataCenter },
);

const desired: fc.Arbitrary<Desired> = fc.record({ settings, volumes });

function actualOf(account: FakeAccount): Actual {
  const list = (path: string) => account.handle('GET', path, undefined).json as Record<string, unknown[]>;
  const [endpoint] = list('/v2/serverless').endpoints as RunpodEndpoint[];
  return {
    volumes: list('/v2/network-volumes').networkVolumes as RunpodVolume[],
    ...(endpoint ? { endpoint } : {}),
  };
}

/** Does the steps as they stand; every one must be accepted. */
function apply(account: FakeAccount, { steps }: Plan): void {
  const made = new Map<string, string>();
  for (const step of steps) {
    const [method, path, body] = callOf(step, made);
    const answer = account.handle(method, path, body);
    expect(answer).toMatchObject({ status: expect.toSatisfy((status: number) => status < 300) });
    if (step.type === 'create-volume') made.set(newVolume(step.body), (answer.json as { id: string }).id);
  }
}

function callOf(
  step: Step,
  made: ReadonlyMap<string, string>,
): [method: string, path: string, body: unknown] {
  const filled = (body: { networkVolumes?: readonly string[] }) =>
    body.networkVolumes
      ? { ...body, networkVolumes: body.networkVolumes.map((id) => made.get(id) ?? id) }
      : body;
  switch (step.type) {
    case 'create-volume':
      return ['POST', '/v2/network-volumes', step.body];
    case 'enlarge-volume':
      return ['PATCH', `/v2/network-volumes/${step.id}`, { size: step.to }];
    case 'create-endpoint':
      return ['POST', '/v2/serverless', filled(step.body)];
    case 'update-endpoint':
      return ['PATCH', `/v2/serverless/${step.id}`, filled(step.body)];
    case 'delete-endpoint':
      return ['DELETE', `/v2/serverless/${step.id}`, undefined];
    case 'delete-volume':
      return ['DELETE', `/v2/network-volumes/${step.id}`, undefined];
  }
}

const runs = { numRuns: 300 };

test('every plan is accepted, and once it is applied the next one is empty', () => {
  fc.assert(
    fc.property(fc.array(desired, { minLength: 1, maxLength: 4 }), (wishes) => {
      const account = createFakeAccount();
      for (const wish of wishes) {
        const plan = planDeploy(wish, actualOf(account));
        if (plan.refusals.length > 0) {
          expect(plan.steps).toEqual([]);
          continue;
        }
        apply(account, plan);
        expect(planDeploy(wish, actualOf(account))).toEqual({ steps: [], refusals: [] });
      }
      expect(account.endpoints.size).toBeLessThanOrEqual(1);
    }),
    runs,
  );
});

test('what an endpoint was is brought back whole, whatever was deployed in between', () => {
  fc.assert(
    fc.property(desired, desired, (first, second) => {
      const account = createFakeAccount();
      apply(account, planDeploy({ ...first, volumes: [] }, actualOf(account)));
      const before = actualOf(account).endpoint as RunpodEndpoint;
      apply(account, planDeploy(second, actualOf(account)));
      apply(account, planDeploy({ settings: settingsOf(before), volumes: [] }, actualOf(account)));
      const { workers, ...rest } = actualOf(account).endpoint as RunpodEndpoint;
      const { workers: workersBefore, ...restBefore } = before;
      expect(settingsOf({ ...rest, workers })).toEqual(settingsOf({ ...restBefore, workers: workersBefore }));
    }),
    runs,
  );
});

test('a deployment that is taken down leaves no endpoint, and its volumes unless they are named', () => {
  fc.assert(
    fc.property(desired, fc.boolean(), (wish, alsoVolumes) => {
      const account = createFakeAccount();
      apply(account, planDeploy(wish, actualOf(account)));
      apply(account, planUndeploy(actualOf(account), alsoVolumes ? wish.volumes : []));
      expect(account.endpoints.size).toBe(0);
      expect(account.volumes.size).toBe(alsoVolumes ? 0 : wish.volumes.length);
    }),
    runs,
  );
});
