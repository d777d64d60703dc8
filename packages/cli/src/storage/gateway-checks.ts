import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { ApiError, type Client, createClient } from '@spillway/sdk/client';
import { CliError } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { isAway } from '../gateway-api.ts';
import { type Check, CheckFailed, CheckSkipped } from '../smoke/check.ts';
import { bytesText, durationText } from '../text.ts';
import type { BucketContext } from './bucket-context.ts';
import { usageText } from './usage-text.ts';

/** On less a gateway soon can't write its jobs either. */
const LEAST_FREE_BYTES = 1e9;

/** The gateway as its clients meet it: what it keeps, and a file there and back by URLs that it signs. */
export function gatewayChecks(
  options: ConnectionOptions,
  { settings, config }: Pick<BucketContext, 'settings' | 'config'>,
): readonly Check[] {
  const clientOf = async () => {
    const { url, key } = await resolveConnection(options);
    return { url, client: createClient({ baseUrl: `${url}/v2`, apiKey: key, giveUpAfterMs: 0 }) };
  };
  const asked = <T>(work: (client: Client) => Promise<T>) =>
    askGateway(clientOf, work, settings !== undefined);
  return [
    ...(settings ? [] : [{ name: 'disk', run: () => diskText(config.dataDir) }]),
    {
      name: 'gateway',
      run: () =>
        asked(async (client) => {
          const storage = await client.artifacts.storage();
          const expected = settings ? 's3' : 'disk';
          if (storage.kind === expected) return usageText(storage);
          const [its, ours] =
            storage.kind === 'disk' ? ['on its disk', 'a bucket'] : ['in a bucket', 'the disk'];
          throw new CheckFailed(
            `it keeps artifacts ${its}, the variables here name ${ours}: start it, or this, with the same`,
          );
        }),
    },
    { name: 'upload, download', run: () => asked(transfer) },
  ];
}

async function diskText(dataDir: string): Promise<string> {
  const found = await statfs(dataDir).catch(() => undefined);
  if (!found) throw new CheckSkipped(`${dataDir} is not there yet; a gateway makes it`);
  const free = found.bavail * found.bsize;
  const text = `${bytesText(free)} free for ${dataDir}`;
  if (free < LEAST_FREE_BYTES) throw new CheckFailed(`${text}: make room, or keep artifacts in a bucket`);
  return text;
}

async function transfer(client: Client): Promise<string> {
  const body = new TextEncoder().encode(`spillway storage status ${performance.now()}`);
  const startedAt = performance.now();
  const file = { name: 'check.txt', mediaType: 'text/plain', sizeBytes: body.length };
  const wanted = { prefix: 'status', resumeKey: `storage status ${randomUUID()}` } as const;
  // Begun by hand, so that what does not arrive is known, too, and deleted.
  const { id } = await client.artifacts.create({ ...file, ...wanted });
  try {
    await client.artifacts.upload({ ...file, slice: (a, b) => body.slice(a, b) }, wanted);
    const { url } = await client.artifacts.downloadUrl(id, { expiresIn: '1m' });
    const reply = await fetch(url);
    const read = Buffer.from(await reply.arrayBuffer());
    if (!reply.ok || !read.equals(body))
      throw new CheckFailed(`what was read is not what was written (${url})`);
  } finally {
    await client.artifacts.delete(id);
  }
  return `by URLs that it signed, in ${durationText(performance.now() - startedAt)}`;
}

/** A gateway that keeps artifacts in a bucket need not run for its bucket to be looked at. */
async function askGateway<T>(
  clientOf: () => Promise<{ url: string; client: Client }>,
  work: (client: Client) => Promise<T>,
  mayBeAway: boolean,
): Promise<T> {
  let at: string | undefined;
  try {
    const { url, client } = await clientOf();
    at = url;
    return await work(client);
  } catch (error) {
    const isNotThere =
      (error instanceof ApiError && (at === undefined || isAway(at, error))) ||
      (error instanceof CliError && error.code === 'NO_KEY');
    if (!isNotThere) throw error instanceof ApiError ? new CheckFailed(error.message) : error;
    const sentence = `no gateway answers at ${at ?? 'this machine'}; start one with \`spillway up\``;
    throw mayBeAway ? new CheckSkipped(sentence) : new CheckFailed(sentence);
  }
}
