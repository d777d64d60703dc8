import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { writeStream } from '../src/disk-files.ts';

/** Linux's device that has no room for anything. */
const FULL = '/dev/full';

async function* body() {
  yield Buffer.from('bytes');
}

test.skipIf(!existsSync(FULL))('a full disk is a storage that is away, and says what to do', async () => {
  await expect(writeStream(FULL, 'r+', 0, body())).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('make room'),
  });
});
