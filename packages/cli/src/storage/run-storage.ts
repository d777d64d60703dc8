import { ApiError, type ArtifactView, type Client, createClient } from '@spillway/sdk/client';
import { wrongUse } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { isAway, refusal, unreachable } from '../gateway-api.ts';
import { onInterrupt } from '../interrupt.ts';
import { note, print, printJson, table } from '../output.ts';
import { agoText, bytesText, durationText } from '../text.ts';
import { getArtifact, STDOUT } from './get-artifact.ts';
import { putFile } from './put-files.ts';
import { usageText } from './usage-text.ts';

export interface StorageOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export interface PutCommandOptions extends StorageOptions {
  readonly name?: string;
  readonly type?: string;
  readonly prefix: 'uploads' | 'results' | 'status';
  readonly endpoint?: string;
  readonly connections: number;
}

export interface GetCommandOptions extends StorageOptions {
  readonly out?: string;
  readonly force?: boolean;
}

export interface ListCommandOptions extends StorageOptions {
  readonly prefix?: 'uploads' | 'results' | 'status';
  readonly limit: number;
}

/** What `spillway storage put|get|list|delete` do, all of it by the gateway: its routes, and URLs that it signs. */
export async function runPut(files: readonly string[], options: PutCommandOptions): Promise<void> {
  if (options.name !== undefined && files.length > 1) throw wrongUse('--name is for one file.');
  const { json, name, type, endpoint, prefix, connections } = options;
  await withClient(options, async (client) => {
    const interrupt = onInterrupt(() =>
      note('\nstopping: what has arrived so far is kept for 7 days; put it again to go on'),
    );
    const put: ArtifactView[] = [];
    try {
      for (const file of files) {
        const artifact = await putFile(client, file, {
          ...{ prefix, connections, isSilent: json === true, signal: interrupt.signal },
          ...(name === undefined ? {} : { name }),
          ...(type === undefined ? {} : { type }),
          ...(endpoint === undefined ? {} : { endpoint }),
        });
        put.push(artifact);
        if (!json) print(artifact.id);
        if (!json) note(`${artifact.name}: ${bytesText(artifact.sizeBytes)}, kept ${keptText(artifact)}`);
      }
    } finally {
      interrupt.stop();
    }
    if (json) printJson({ artifacts: put });
  });
}

export async function runGet(id: string, options: GetCommandOptions): Promise<void> {
  const { json, out, force = false } = options;
  if (json && out === STDOUT) throw wrongUse('--json and --out - both want standard output.');
  await withClient(options, async (client) => {
    const interrupt = onInterrupt(() =>
      note('\nstopping: what has come so far is kept; get it again to go on'),
    );
    try {
      const got = await getArtifact(client, id, {
        ...{ force, isSilent: json === true, signal: interrupt.signal },
        ...(out === undefined ? {} : { out }),
      });
      if (json) return printJson(got);
      if (got.file !== undefined) print(got.file);
      const how = got.verifiedBy === 'sha256' ? 'SHA-256 as it was put' : 'its size; no hash was put with it';
      note(`${got.artifact.name}: ${bytesText(got.artifact.sizeBytes)}, verified by ${how}`);
    } finally {
      interrupt.stop();
    }
  });
}

export async function runList(options: ListCommandOptions): Promise<void> {
  const { json, prefix, limit } = options;
  await withClient(options, async (client) => {
    const page = await client.artifacts.list({ limit, ...(prefix ? { prefix } : {}) });
    const storage = await client.artifacts.storage();
    if (json) return printJson({ ...page, storage });
    const now = Date.now();
    const rows = page.artifacts.map((one) => [
      ...[one.id, one.name, one.key.split('/')[0] ?? '', bytesText(one.sizeBytes), one.state],
      ...[agoText(one.createdAt, now), keptText(one)],
    ]);
    const size = { title: 'size', isNumber: true };
    const titles = ['id', 'name', 'prefix', size, 'state', 'made', 'kept'];
    const columns = titles.map((title) => (typeof title === 'string' ? { title } : title));
    if (rows.length > 0) print(table(columns, rows));
    if (page.nextCursor !== undefined) note(`the newest ${limit}; --limit shows more`);
    note(usageText(storage));
  });
}

export async function runDelete(ids: readonly string[], options: StorageOptions): Promise<void> {
  await withClient(options, async (client) => {
    for (const id of ids) {
      await client.artifacts.delete(id);
      if (!options.json) print(`${id} deleted`);
    }
    if (options.json) printJson({ deleted: ids });
  });
}

const DAY_MS = 86_400_000;
const TWO_DAYS_MS = 2 * DAY_MS;

function keptText({ expiresAt }: ArtifactView): string {
  const leftMs = Math.max(0, expiresAt - Date.now());
  return leftMs < TWO_DAYS_MS ? `for ${durationText(leftMs)}` : `for ${Math.round(leftMs / DAY_MS)} days`;
}

/** Once it has begun, a gateway that is away is waited for: a transfer of hours survives its restart. */
const PATIENCE_MS = 10 * 60_000;

const SAY_AGAIN_MS = 60_000;

/** Says why a transfer stands still. Its connections fail at once and again and again, so each reason once a minute. */
function createWaitNotes(): (error: ApiError) => void {
  const toldAt = new Map<string, number>();
  return ({ code, detail }) => {
    const now = performance.now();
    if (now - (toldAt.get(code) ?? Number.NEGATIVE_INFINITY) < SAY_AGAIN_MS) return;
    toldAt.set(code, now);
    // Not behind a bar that is being drawn.
    note(`${process.stderr.isTTY ? '\n' : ''}waiting, and trying again: ${detail}`);
  };
}

async function withClient(options: StorageOptions, work: (client: Client) => Promise<void>): Promise<void> {
  const { url, key } = await resolveConnection(options);
  const baseUrl = `${url}/v2`;
  try {
    // One that is not there at all is told at once.
    await createClient({ baseUrl, apiKey: key, giveUpAfterMs: 0 }).artifacts.storage();
    const onRetry = options.json ? () => {} : createWaitNotes();
    await work(createClient({ baseUrl, apiKey: key, giveUpAfterMs: PATIENCE_MS, onRetry }));
  } catch (error) {
    if (error instanceof ApiError && isAway(url, error)) throw unreachable(url, error.cause);
    throw error instanceof ApiError ? refusal(url, error) : error;
  }
}
