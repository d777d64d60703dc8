import type { GatewayEvent } from '@spillway/protocol/v1';
import { ApiError, createClient } from '@spillway/sdk/client';
import { type Connection, type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi, refusal } from '../gateway-api.ts';
import { print, printJsonLine, style } from '../output.ts';
import { oneLine } from '../text.ts';

export interface EventOptions extends ConnectionOptions {
  readonly follow?: boolean;
  readonly endpoint?: string;
  readonly job?: string;
  readonly tail: number;
  readonly json?: boolean;
}

/** `spillway events`: those that are kept, or those to come. */
export async function showEvents(options: EventOptions): Promise<void> {
  const connection = await resolveConnection(options);
  const show = (event: GatewayEvent) => {
    if (options.json) printJsonLine(event);
    else print(eventLine(event));
  };
  if (options.follow) return follow(connection, options, show);
  const kept = await readKept(connection, options);
  for (const event of options.tail === 0 ? [] : kept.slice(-options.tail)) show(event);
}

async function follow(
  connection: Connection,
  { endpoint, job }: EventOptions,
  show: (event: GatewayEvent) => void,
): Promise<void> {
  const leaving = new AbortController();
  process.once('SIGINT', () => leaving.abort());
  const { jobs } = createClient({ baseUrl: `${connection.url}/v2`, apiKey: connection.key });
  const filter = { ...(endpoint === undefined ? {} : { endpoint }), ...(job === undefined ? {} : { job }) };
  try {
    for await (const event of jobs.events({ ...filter, signal: leaving.signal })) show(event);
  } catch (error) {
    // Leaving is how following ends.
    if (leaving.signal.aborted) return;
    throw error instanceof ApiError ? refusal(connection.url, error) : error;
  }
}

async function readKept(connection: Connection, { endpoint, job }: EventOptions): Promise<GatewayEvent[]> {
  const api = createGatewayApi(connection);
  const query = { endpoint, job, follow: 'false' };
  const answer = await api.text('/v1/events', query, new AbortController().signal);
  if (!answer)
    throw refusal(connection.url, { status: 404, code: 'NOT_FOUND', detail: 'endpoint not found' });
  let text = '';
  for await (const chunk of answer.chunks) text += chunk;
  return [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as GatewayEvent);
}

/** One line of plain words, the time first. */
function eventLine(event: GatewayEvent): string {
  const time = style('dim', new Date(event.at).toISOString().slice(11, 23));
  if (event.type === 'reset') return `${time}  ${style('yellow', event.message)}`;
  const details = event as Readonly<Record<string, unknown>>;
  const what = details.jobId ?? details.workerId ?? '';
  const reason = details.error ?? details.reason;
  const progress = details.progress === undefined ? undefined : JSON.stringify(details.progress);
  const remark = oneLine(String(reason ?? progress ?? ''), 80);
  return [time, event.type.padEnd(20), event.endpoint.padEnd(12), what, remark]
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd();
}
