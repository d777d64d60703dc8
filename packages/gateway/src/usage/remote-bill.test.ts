import { expect, test } from 'vitest';
import { microsOf } from './money.ts';
import { createBillScene, IDLE_MS } from './test-bill-scene.ts';

// What usage and budgets show of RunPod beside attempts: idle time, its bill, volumes, and what may have been done unseen.

const HOUR_MS = 3_600_000;

async function runOne(scene: ReturnType<typeof createBillScene>): Promise<void> {
  scene.far.plan = { coldMs: 20_000, runMs: 10_000, fails: false };
  await scene.start();
  await scene.engine.submit({ ttlMs: 600_000 });
  await scene.clock.advance(60_000);
}

test('until RunPod’s bill is known, idle time is estimated and says so; then the bill takes its place', async () => {
  const scene = createBillScene();
  await runOne(scene);
  const work = { kind: 'attempts', attempts: 1, costMicros: 10 * 310 };
  expect((await scene.usage()).rows).toMatchObject([
    work,
    { kind: 'runpod-estimate', endpoint: 'echo', idleMs: IDLE_MS, costMicros: 5 * 310 },
  ]);
  await scene.clock.advance(3 * HOUR_MS);
  expect((await scene.usage()).rows).toMatchObject([
    work,
    { kind: 'runpod', endpoint: 'echo', costMicros: 35 * 306 - 10 * 310 },
  ]);
  await scene.stop();
});

test('a key that may not see bills leaves the estimate', async () => {
  const scene = createBillScene();
  scene.far.isForbidden = true;
  await runOne(scene);
  await scene.clock.advance(3 * HOUR_MS);
  expect((await scene.usage()).rows.map(({ kind }) => kind)).toEqual(['attempts', 'runpod-estimate']);
  await scene.stop();
});

test('budgets count RunPod’s whole bill, but for those of keys', async () => {
  const given = { per: 'day', limitMicros: 1_000_000, alertAt: [], isHardStop: true } as const;
  const scene = createBillScene([
    { ...given, name: 'all' },
    { ...given, name: 'a key', keyId: 'k1' },
    { ...given, name: 'spill', endpoint: 'echo', isOfSpill: true },
    { ...given, name: 'another', endpoint: 'other' },
  ]);
  await runOne(scene);
  await scene.clock.advance(3 * HOUR_MS);
  const spent = scene.costs.ledger.budgets.states().map(({ spentMicros }) => spentMicros);
  expect(spent).toEqual([35 * 306, 0, 35 * 306, 0]);
  await scene.stop();
});

test('a submit whose answer was lost is shown with what it may have cost, and is in no sum', async () => {
  const scene = createBillScene();
  scene.far.isForbidden = true;
  scene.far.submits.push('lost');
  await runOne(scene);
  const { rows, total } = await scene.usage();
  const possibleMicros = 600 * 310;
  expect(rows.find(({ kind }) => kind === 'possible')).toMatchObject({
    ...{ endpoint: 'echo', unseenSubmits: 1, possibleMicros, attempts: 0, costMicros: 0 },
  });
  expect(total).toMatchObject({ unseenSubmits: 1, possibleMicros, attempts: 2, completed: 1 });
  const certain = rows
    .filter(({ kind }) => kind !== 'possible')
    .reduce((sum, { costMicros }) => sum + costMicros, 0);
  expect(total.costMicros).toBe(certain);
  await scene.stop();
});

test('once RunPod’s bill reaches to where such a submit has ended at the latest, nothing is only possible', async () => {
  const scene = createBillScene();
  scene.far.submits.push('lost');
  await runOne(scene);
  expect((await scene.usage()).total.unseenSubmits).toBe(1);
  await scene.clock.advance(3 * HOUR_MS);
  const { total } = await scene.usage();
  expect(total).toMatchObject({
    unseenSubmits: 0,
    possibleMicros: 0,
    costMicros: Number(scene.far.replay()),
  });
  await scene.stop();
});

test('what a submit whose answer was lost may have cost is not left to spend until RunPod’s bill tells', async () => {
  const budget = { per: 'day', limitMicros: 150_000, alertAt: [], isHardStop: true } as const;
  const scene = createBillScene([
    { ...budget, name: 'all' },
    { ...budget, name: 'a key', keyId: 'k1', limitMicros: 1_000_000 },
  ]);
  const possible = () => scene.costs.ledger.budgets.states().map(({ possibleMicros }) => possibleMicros);
  scene.far.submits.push('lost');
  await scene.start();
  const { id } = await scene.engine.submit({ ttlMs: 600_000, keyId: 'k1' });
  await scene.clock.advance(60_000);
  expect(possible()).toEqual([600 * 310, 600 * 310]);
  expect((await scene.engine.queue.get(id))?.attempt).toBe(1);
  expect(scene.costs.spill.obstacle({ endpoint: 'echo' })).toMatch(
    /is used up: \$0\.00 spent, and \$0\.19 more that submits whose answer was lost may have cost; it begins anew/,
  );
  // That RunPod names it when it has ended tells no cost.
  const [submit] = scene.spill.attempts({ id, endpoint: 'echo' }) ?? [];
  await scene.spill.noteHook(submit?.workerId ?? '', 'r1');
  await scene.clock.advance(60_000);
  expect(scene.spill.attempts({ id, endpoint: 'echo' })).toMatchObject([{ state: 'over', remoteId: 'r1' }]);
  expect(possible()).toEqual([600 * 310, 600 * 310]);
  await scene.clock.advance(3 * HOUR_MS);
  expect(possible()).toEqual([0, 0]);
  expect(scene.costs.spill.obstacle({ endpoint: 'echo' })).toBeUndefined();
  await scene.stop();
});

test('start-up and idle time are set aside with a job, as RunPod billed them before, until its bill has them', async () => {
  const budget = { name: 'all', per: 'day', limitMicros: 1_000_000, alertAt: [], isHardStop: true } as const;
  const scene = createBillScene([budget, { ...budget, name: 'a key', keyId: 'k1' }]);
  const states = () =>
    scene.costs.ledger.budgets
      .states()
      .map(({ spentMicros, reservedMicros }) => ({ spentMicros, reservedMicros }));
  await runOne(scene);
  await scene.clock.advance(3 * HOUR_MS);
  const beside = 35 * 306 - 10 * 310;
  expect((await scene.estimate(100)).places[0]).toMatchObject({ besideMicros: 100 * beside, notes: [] });
  await scene.engine.submit({ keyId: 'k1' });
  await scene.clock.advance(25_000);
  expect(states()).toEqual([
    { spentMicros: 35 * 306, reservedMicros: 10 * 310 + beside },
    { spentMicros: 0, reservedMicros: 10 * 310 },
  ]);
  await scene.clock.advance(120_000);
  // The idle time is estimated by now.
  const idle = 5 * 310;
  expect(states()).toEqual([
    { spentMicros: 35 * 306 + 10 * 310 + idle, reservedMicros: beside - idle },
    { spentMicros: 10 * 310, reservedMicros: 0 },
  ]);
  await scene.clock.advance(3 * HOUR_MS);
  expect(states()).toEqual([
    { spentMicros: 70 * 306, reservedMicros: 0 },
    { spentMicros: 10 * 310, reservedMicros: 0 },
  ]);
  await scene.stop();
});

test('volumes of a deployment are billed hour by hour, with jobs and without, and are no part of what spilling costs', async () => {
  const given = { per: 'day', limitMicros: 1_000_000, alertAt: [], isHardStop: true } as const;
  const budgets = [
    { ...given, name: 'all' },
    { ...given, name: 'spill', endpoint: 'echo', isOfSpill: true } as const,
  ];
  const deploy = {
    ...{ workers: { min: 0, max: 1, idleTimeoutMs: IDLE_MS }, flashboot: true, env: {}, secrets: {} },
    volumes: [{ id: 'vol1' }, { name: 'models', sizeGb: 20, dataCenter: 'EU-RO-1' }],
  };
  const scene = createBillScene(budgets, { deploy });
  scene.far.volumes.push(
    { id: 'vol1', name: 'a', dataCenter: 'EU-RO-1', hourly: 0.0005 },
    { id: 'vol2', name: 'models', dataCenter: 'EU-RO-1', hourly: 0.001 },
    { id: 'vol3', name: 'models', dataCenter: 'US-KS-2', hourly: 7 },
  );
  await scene.start();
  await scene.clock.advance(5 * HOUR_MS);
  const { rows } = await scene.usage();
  // From 09:50 of the first day, whose earlier hours are on the bill as well.
  expect(rows).toMatchObject([
    { kind: 'runpod-volumes', endpoint: 'echo', costMicros: 13 * microsOf(0.0015) },
  ]);
  const spent = scene.costs.ledger.budgets.states().map(({ spentMicros }) => spentMicros);
  expect(spent).toEqual([13 * microsOf(0.0015), 0]);
  await scene.stop();
});
