import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDiskStore } from '../src/disk-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-folders-'));
});
afterEach(() => rm(folder, { recursive: true }));

let count = 0;
const ids = {
  short(length: number) {
    count += 1;
    return String(count).padStart(length, '0');
  },
};
const open = () => createDiskStore({ folder, secret: 's', clock: { now: () => 0 }, ids });
async function* bytes() {
  yield new Uint8Array(3);
}
const description = { mediaType: 'text/plain', sizeBytes: 3 };

test('what is deleted leaves no folders behind', async () => {
  const store = open();
  const keys = ['status/job_1/segment_1', 'status/job_1/segment_2', 'status/job_1.json'];
  for (const key of keys) await store.put(key, bytes(), description);
  for (const key of keys) await store.delete(key);
  expect(await readdir(path.join(folder, 'objects'), { recursive: true })).toEqual(['status']);
  expect(await readdir(path.join(folder, 'meta'), { recursive: true })).toEqual(['status']);
});

test('a folder that goes with its last file is there again for the next one, whoever comes first', async () => {
  const store = open();
  const again = async (key: string) => {
    for (let times = 0; times < 50; times += 1) {
      await store.put(key, bytes(), description);
      expect((await store.head(key))?.sizeBytes).toBe(3);
      await store.delete(key);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => again(`results/job_1/${name}`)));
  expect(await readdir(path.join(folder, 'objects'), { recursive: true })).toEqual(['results']);
});
