import { createRunpodClient } from '@spillway/sdk/runpod';
import { expect, test } from 'vitest';
import {
  createFakeRunpod,
  createInstantClock,
  FAKE_KEY,
  type FakeRunpod,
  fetchOf,
} from '../../test/fake-runpod.ts';
import { applyPlan } from './apply-plan.ts';
import { findEndpoint } from './find-actual.ts';
import { type Desired, planDeploy } from './plan-deploy.ts';

const WISH: Desired = {
  settings: {
    ...{ name: 'spillway-clip', type: 'QUEUE', image: 'acme/clip:1', env: { WORKER: 'clip' } },
    gpu: { pools: ['AMPERE_24', 'ADA_24'], excludedTypes: [], count: 1 },
    workers: { min: 0, max: 3, idleTimeout: 5 },
    scaling: { type: 'QUEUE_DELAY', queueDelay: 4 },
    ...{ timeout: 600_000, flashboot: 'FLASHBOOT', networkVolumes: [] },
  },
  volumes: [],
};

function connect(fake: FakeRunpod) {
  const clock = createInstantClock();
  const runpod = createRunpodClient({ apiKey: FAKE_KEY, clock, random: () => 0, fetch: fetchOf(fake) });
  return { runpod, clock, onCreate: async () => {}, onDone: () => {} };
}

const posts = ({ calls }: FakeRunpod) => calls.filter(({ method }) => method === 'POST').length;

test('a create whose answer was lost is looked for, and no second endpoint is made', async () => {
  const fake = createFakeRunpod();
  fake.lag = 3;
  fake.fault = ({ method }) => (method === 'POST' ? 'lost' : undefined);
  const made = await applyPlan(planDeploy(WISH, { volumes: [] }), connect(fake));
  expect(made).toMatchObject({ name: 'spillway-clip', image: 'acme/clip:1' });
  expect(posts(fake)).toBe(1);
  expect(fake.account.endpoints.size).toBe(1);
});

test('a create that never arrived anywhere is made again', async () => {
  const fake = createFakeRunpod();
  let left = 2;
  fake.fault = ({ method }) => {
    if (method !== 'POST' || left === 0) return undefined;
    left -= 1;
    return 'unheard';
  };
  await applyPlan(planDeploy(WISH, { volumes: [] }), connect(fake));
  expect(posts(fake)).toBe(3);
  expect(fake.account.endpoints.size).toBe(1);
});

test('an endpoint that another run is just making is waited for, by its name', async () => {
  const fake = createFakeRunpod();
  const context = connect(fake);
  fake.lag = 5;
  await applyPlan(planDeploy(WISH, { volumes: [] }), context);
  const pending = { name: 'spillway-clip', startedAt: context.clock.now() };
  const found = await findEndpoint(
    context.runpod,
    { name: 'spillway-clip', log: { pending, history: [] } },
    context.clock,
  );
  expect(found?.name).toBe('spillway-clip');
});

test('an endpoint that is not yet shown under its fresh id is not taken for gone', async () => {
  const fake = createFakeRunpod();
  const context = connect(fake);
  fake.lag = 4;
  const after = await applyPlan(planDeploy(WISH, { volumes: [] }), context);
  const history = [{ at: context.clock.now(), before: null, after: after ?? null }];
  const sought = { name: 'spillway-clip', log: { history } };
  expect((await findEndpoint(context.runpod, sought, context.clock))?.id).toBe(after?.id);
});

test('an endpoint that was deleted at RunPod is not waited for', async () => {
  const fake = createFakeRunpod();
  const { runpod, clock } = connect(fake);
  const sought = { name: 'spillway-clip', endpointId: 'gone1234', log: { history: [] } };
  expect(await findEndpoint(runpod, sought, clock)).toBeUndefined();
  expect(clock.waits).toEqual([]);
});

test('two endpoints of the same name are told, and neither is touched', async () => {
  const fake = createFakeRunpod();
  const context = connect(fake);
  for (let made = 0; made < 2; made += 1) await applyPlan(planDeploy(WISH, { volumes: [] }), context);
  const sought = { name: 'spillway-clip', log: { history: [] } };
  await expect(findEndpoint(context.runpod, sought, context.clock)).rejects.toThrow(
    'RunPod has 2 endpoints called spillway-clip (ep0001, ep0002)',
  );
});

test('a volume is made first, and the endpoint gets its id', async () => {
  const fake = createFakeRunpod();
  const wish = { ...WISH, volumes: [{ name: 'models', size: 50, dataCenter: 'EU-RO-1' }] };
  const made = await applyPlan(planDeploy(wish, { volumes: [] }), connect(fake));
  expect(made?.networkVolumes).toEqual([...fake.account.volumes.keys()]);
});

test('the fake takes nothing that the service does not know, so that plans which it accepts are of its contract', async () => {
  const { runpod } = connect(createFakeRunpod());
  const { networkVolumes, ...settings } = WISH.settings;
  const unknown = { ...settings, gpuIds: 'ADA_24', networkVolumes };
  await expect(runpod.endpoints.create(unknown)).rejects.toMatchObject({ code: 'INVALID', status: 422 });
  const idle = { ...settings, scaling: { type: 'REQUEST_COUNT', requestCount: 1 } } as const;
  await expect(runpod.endpoints.create(idle)).rejects.toThrow('idleTimeout');
});
