import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import { createPoolStore, type PoolBinding } from '../src/fleet/pool-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-pool-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
beforeEach(() => {
  count += 1;
});

/** One life of a process over this test's file. */
async function withStore<T>(use: (store: ReturnType<typeof createPoolStore>) => T): Promise<Awaited<T>> {
  const db = openDatabase(join(folder, `${count}.db`));
  try {
    return await use(createPoolStore(db));
  } finally {
    db.close();
  }
}

const changes = (...bindings: PoolBinding[]) => new Map(bindings.map((one) => [one.workerId, one]));
const FAR: PoolBinding = { workerId: 'far', endpoint: 'echo', keyId: 'k1' };
const NEAR: PoolBinding = { workerId: 'near', endpoint: 'other', keyId: 'k2' };

it('keeps whose the ids are over a restart, and takes the newest', async () => {
  await withStore((store) => store.save(changes(FAR, NEAR)));
  expect(await withStore((store) => store.load())).toEqual([FAR, NEAR]);
  const taken = { ...FAR, endpoint: 'other', keyId: 'k3' };
  await withStore((store) => store.save(changes(taken)));
  expect(await withStore((store) => store.load())).toEqual([taken, NEAR]);
});

it('forgets an id that is free, also one that it never had', async () => {
  await withStore((store) => store.save(changes(FAR, NEAR)));
  await withStore((store) =>
    store.save(
      new Map([
        ['far', undefined],
        ['unknown', undefined],
      ]),
    ),
  );
  expect(await withStore((store) => store.load())).toEqual([NEAR]);
});

it('writes all changes or none', async () => {
  await withStore(async (store) => {
    const broken = changes(FAR, { workerId: 'near', endpoint: 'echo', keyId: null as unknown as string });
    await expect(store.save(broken)).rejects.toThrow('NOT NULL');
    expect(store.load()).toEqual([]);
    await store.save(changes(NEAR));
    expect(store.load()).toEqual([NEAR]);
  });
});
