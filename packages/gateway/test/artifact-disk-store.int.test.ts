import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createDiskStore } from '@spillway/artifacts';
import { createManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import { artifactStoreContract, sendAsSigned } from '../../artifacts/test/artifact-store.contract.ts';
import { createTestDirectory } from '../src/endpoints/test-directory.ts';
import { createApp } from '../src/http/app.ts';
import type { RouteParts } from '../src/http/route.ts';
import { newTestParts } from '../src/http/test-parts.ts';
import { createRandomIds } from '../src/lib/ids.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

artifactStoreContract("the disk's store, behind the gateway's HTTP face", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-disk-'));
  const manual = createManualClock();
  const store = createDiskStore({ folder, secret: 'of the tests', clock: manual, ids: createRandomIds() });
  const parts = {
    ...newTestParts(),
    ...{ clock: manual, endpoints: createTestDirectory(), artifacts: { store } },
  } as unknown as RouteParts;
  const authenticate = () => {
    throw new Error('a signed URL needs no key');
  };
  const app = createApp({ parts, authenticate, log: pino({ level: 'silent' }) });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  cleanUps.push(
    () => app.close(),
    () => rm(folder, { recursive: true }),
  );
  return {
    store,
    send: (request, change = {}) => sendAsSigned({ ...request, url: url + request.url }, change),
    expireUrls: async () => void (await manual.advance(3_600_000)),
  };
});
