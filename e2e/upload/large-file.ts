import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';

const BLOCK_BYTES = 1024 * 1024;

/** A file whose every MiB is another, so that none could stand in another's place unseen; begins as an MP4 does. */
export async function writeLargeFile(file: string, sizeBytes: number): Promise<void> {
  const block = randomFillSync(Buffer.alloc(BLOCK_BYTES));
  const stream = createWriteStream(file, { highWaterMark: 8 * BLOCK_BYTES });
  for (let start = 0; start < sizeBytes; start += BLOCK_BYTES) {
    const bytes = Buffer.from(block.subarray(0, Math.min(BLOCK_BYTES, sizeBytes - start)));
    if (bytes.length >= 8) bytes.writeBigUInt64LE(BigInt(start), bytes.length - 8);
    if (start === 0) bytes.write('\0\0\0\x20ftypisom', 0, 'latin1');
    if (!stream.write(bytes)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: BLOCK_BYTES })) hash.update(chunk);
  return hash.digest('hex');
}
