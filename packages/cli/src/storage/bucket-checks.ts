import { randomBytes } from 'node:crypto';
import type { S3Settings } from '@spillway/artifacts';
import { createSystemClock } from '@spillway/sdk/clock';
import { type Check, CheckFailed, CheckSkipped } from '../smoke/check.ts';
import { durationText } from '../text.ts';
import { type BucketContext, bucketText } from './bucket-context.ts';

/** Signatures carry the time; servers refuse those that are off by more (Amazon and R2: 15 minutes). */
const MOST_SKEW_MS = 15 * 60_000;
const WORTH_SAYING_MS = 60_000;

/** A bucket and what it needs, asked straight with the gateway's credentials. */
export function bucketChecks(
  settings: S3Settings,
  { needs }: Pick<BucketContext, 'needs'>,
): readonly Check[] {
  const admin = async () => (await import('@spillway/artifacts/admin')).createBucketAdmin(settings);
  return [
    {
      name: 'bucket',
      async run() {
        await (await admin()).check();
        return `${bucketText(settings)} is there and takes the credentials`;
      },
    },
    { name: 'clock', run: async () => clockText(await (await admin()).clockAheadMs()) },
    {
      name: 'lifecycle',
      async run() {
        const { planLifecycle } = await import('@spillway/artifacts/admin');
        return judge(await (await admin()).readLifecycle(), (rules) => planLifecycle(rules, needs).changes);
      },
    },
    {
      name: 'cors',
      async run() {
        const { planCors } = await import('@spillway/artifacts/admin');
        const said = judge(await (await admin()).readCors(), (rules) => planCors(rules, needs).changes);
        if (needs.origins.length > 0) return `${said}, for ${needs.origins.join(', ')}`;
        throw new CheckSkipped('no page may upload: neither publicUrl nor cors.origins says an origin');
      },
    },
    { name: 'write, read, delete', run: () => roundTrip(settings) },
  ];
}

function clockText(aheadMs: number | undefined): string {
  if (aheadMs === undefined) throw new CheckSkipped('the server does not tell its time');
  const off = Math.abs(aheadMs);
  if (off < WORTH_SAYING_MS) return 'as that of the server';
  const text = `this machine is ${durationText(off)} ${aheadMs > 0 ? 'behind' : 'ahead of'} the server`;
  if (off < MOST_SKEW_MS) return text;
  throw new CheckFailed(`${text}, which refuses signatures so far off: set the clock`);
}

function judge<Rule>(
  current: readonly Rule[] | 'unsupported',
  changesOf: (rules: readonly Rule[]) => readonly string[],
): string {
  if (current === 'unsupported') throw new CheckSkipped('this server knows no such rules');
  const changes = changesOf(current);
  if (changes.length === 0) return 'as it should be';
  throw new CheckFailed(`\`spillway storage setup\` would ${changes.join('; ')}`);
}

async function roundTrip(settings: S3Settings): Promise<string> {
  const { openBucket } = await import('@spillway/artifacts');
  const store = await openBucket(settings, createSystemClock());
  const key = `status/check_${randomBytes(8).toString('hex')}.txt`;
  const body = Buffer.from(`spillway storage status ${key}`);
  const startedAt = performance.now();
  try {
    await store.put(key, one(body), { mediaType: 'text/plain', sizeBytes: body.length, onlyNew: true });
    const { stream } = await store.get(key, { start: 9, end: body.length });
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
    if (!Buffer.concat(chunks).equals(body.subarray(9)))
      throw new CheckFailed('what was read is not what was written');
  } finally {
    await store.delete(key).catch(() => {});
  }
  if (await store.head(key)) throw new CheckFailed('what was deleted is still there');
  return `${body.length} bytes in ${durationText(performance.now() - startedAt)}`;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
