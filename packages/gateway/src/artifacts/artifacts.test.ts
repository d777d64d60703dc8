import { ArtifactError, type ArtifactInfo, type ArtifactStore } from '@spillway/artifacts';
import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { defaultConfig } from '../config/index.ts';
import { createCountingIds } from '../lib/counting-ids.ts';
import { createArtifactLedger } from './artifact-ledger.ts';
import type { ArtifactRecord, ArtifactRecords } from './artifact-records.ts';
import { createArtifacts, type NewArtifact } from './artifacts.ts';

const MIB = 1024 * 1024;

/** Records in memory, and a bucket that has put an upload together though nobody was told. */
function createCutOff() {
  const kept = new Map<string, ArtifactRecord>();
  const aborted: string[] = [];
  const info: ArtifactInfo = {
    key: '',
    mediaType: 'application/x',
    sizeBytes: 40 * MIB,
    etag: '"all"',
    modifiedAt: 0,
  };
  const gone = async () => {
    throw new ArtifactError('UPLOAD_NOT_FOUND', 'gone');
  };
  const store = {
    head: async () => info,
    multipart: {
      ...{ create: async () => 'upload1', listParts: gone, complete: gone },
      abort: async ({ uploadId }: { uploadId: string }) => void aborted.push(uploadId),
    },
  } as unknown as ArtifactStore;
  const records = {
    get: (id: string) => kept.get(id),
    insert: async (record: ArtifactRecord) => void kept.set(record.id, record),
    markReady: async (id: string, ready: Partial<ArtifactRecord>) =>
      void kept.set(id, { ...(kept.get(id) as ArtifactRecord), ...ready }),
  } as unknown as ArtifactRecords;
  const { artifacts: limits } = defaultConfig('/', {});
  const clock = createManualClock();
  const artifacts = createArtifacts({
    ...{ store, records, clock, ids: createCountingIds(), limits },
    ledger: createArtifactLedger([], limits.quota),
  });
  return { artifacts, aborted, store, records, clock };
}

const wanted: NewArtifact = {
  prefix: 'uploads',
  name: 'x',
  mediaType: 'application/x',
  sizeBytes: 40 * MIB,
  owner: 'me',
};

test('an upload whose end was not heard is complete when it is asked for again', async () => {
  const { artifacts, aborted, store, clock } = createCutOff();
  store.get = async () => ({ stream: [] }) as never;
  const { record } = await artifacts.create(wanted);
  // Nothing is missing, so nothing is sent again.
  expect((await artifacts.parts(record)).map((part) => part.sizeBytes)).toEqual(Array(5).fill(8 * MIB));
  const ready = await artifacts.complete(record);
  expect(ready.readyAt).toBe(clock.now());
  expect(aborted).toEqual(['upload1']);
});

test('an upload that a call beside this one has put together is complete', async () => {
  const { artifacts, store, clock } = createCutOff();
  store.get = async () => ({ stream: [] }) as never;
  const { record } = await artifacts.create(wanted);
  const { head } = store;
  // When this call looks nothing is there yet, and when it goes on the upload is over.
  store.head = async () => {
    store.head = head;
    return undefined;
  };
  expect((await artifacts.complete(record)).readyAt).toBe(clock.now());
});

test('of an upload that can not be noted no parts stay, and its room is free again', async () => {
  const { artifacts, aborted, records } = createCutOff();
  records.insert = async () => {
    throw new Error('the disk is full');
  };
  await expect(artifacts.create(wanted)).rejects.toThrow('the disk is full');
  expect(aborted).toEqual(['upload1']);
  expect(artifacts.usage()).toMatchObject({ bytes: 0, artifacts: 0 });
});
