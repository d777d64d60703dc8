import { createHash } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A hub on this machine that speaks Hugging Face's API: `/api/models/…/revision/…` with sizes and hashes, `/resolve/…`
 * that answers small files itself and sends large ones to a second origin, as the real one does with its CDN; gated and
 * private models, ranges, ETags, `X-Linked-Etag`. Faults are put in by a test.
 */
export interface FakeHub {
  readonly url: string;
  /** Everything that was asked of either origin. */
  readonly calls: HubCall[];
  readonly repositories: Map<string, FakeRepository>;
  /** Called for each request of a large file's bytes; answering true means that it was dealt with. */
  cdnFault: ((call: HubCall, response: ServerResponse, content: Buffer) => boolean) | undefined;
  /** Likewise for every request of the hub itself. */
  hubFault: ((call: HubCall, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export interface FakeRepository {
  /** Files by commit. */
  readonly commits: Record<string, Readonly<Record<string, Buffer>>>;
  /** Commit by branch or tag. */
  readonly refs: Record<string, string>;
  readonly token?: string;
  readonly isGated?: boolean;
  readonly license?: string;
}

export interface HubCall {
  readonly origin: 'hub' | 'cdn';
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

const LARGE = 4096;

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Uint8Array) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export async function startFakeHub(): Promise<FakeHub> {
  const calls: HubCall[] = [];
  const repositories = new Map<string, FakeRepository>();
  const blobs = new Map<string, Buffer>();
  const cdn = await listen((request, response) => {
    const call = noteCall('cdn', request);
    const content = blobs.get(call.path.split('/').at(-1)?.split('?')[0] ?? '');
    if (content === undefined) response.writeHead(404).end();
    else if (!hub.cdnFault?.(call, response, content))
      sendRanged(call, response, content, `"${sha256(content)}"`);
  });
  const server = await listen((request, response) => {
    const call = noteCall('hub', request);
    if (!hub.hubFault?.(call, response)) answer(call, response);
  });

  function noteCall(origin: HubCall['origin'], request: IncomingMessage): HubCall {
    const call = { origin, method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    calls.push(call);
    return call;
  }

  function answer(call: HubCall, response: ServerResponse): void {
    const path = decodeURIComponent(call.path.split('?')[0] ?? '');
    const [, api, other] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? [];
    const [, named, revision = other ?? '', file = ''] =
      /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const id = api ?? named ?? '';
    const repository = repositories.get(id);
    const refusal = refuses(call, repository);
    const commit = repository?.refs[revision] ?? revision;
    const files = repository?.commits[commit];
    const content = files?.[file];
    if (refusal) refuse(response, ...refusal);
    else if (!repository || !files) refuse(response, 404, 'RevisionNotFound');
    else if (api !== undefined) sendListing(response, id, commit, files, repository);
    else if (content === undefined) refuse(response, 404, 'EntryNotFound');
    else sendFile(call, response, commit, content);
  }

  function sendFile(call: HubCall, response: ServerResponse, commit: string, content: Buffer): void {
    response.setHeader('x-repo-commit', commit);
    if (content.length < LARGE) {
      sendRanged(call, response, content, `"${gitSha1(content)}"`);
      return;
    }
    const hash = sha256(content);
    blobs.set(hash, content);
    const { port } = cdn.address() as AddressInfo;
    const location = `http://127.0.0.1:${port}/repos/aa/bb/${hash}?X-Amz-Signature=signed`;
    response
      .writeHead(302, { location, 'x-linked-etag': `"${hash}"`, 'x-linked-size': String(content.length) })
      .end();
  }

  const hub: FakeHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ calls, repositories, cdnFault: undefined, hubFault: undefined },
    async close() {
      for (const one of [server, cdn]) {
        one.closeAllConnections();
        await new Promise((resolve) => one.close(resolve));
      }
    },
  };
  return hub;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code }).end('{}');
}

/** As the real one does: who is not known is not told whether there is such a model. */
function refuses(
  { headers: { authorization } }: HubCall,
  repository: FakeRepository | undefined,
): [status: number, code: string] | undefined {
  const isOpen = repository && repository.token === undefined;
  if (isOpen || (repository && authorization === `Bearer ${repository.token}`)) return undefined;
  if (repository?.isGated) return [authorization ? 403 : 401, 'GatedRepo'];
  return [authorization ? 404 : 401, 'RepoNotFound'];
}

function sendListing(
  response: ServerResponse,
  id: string,
  sha: string,
  files: Readonly<Record<string, Buffer>>,
  { license }: FakeRepository,
): void {
  const siblings = Object.entries(files).map(([rfilename, content]) => ({
    rfilename,
    size: content.length,
    blobId: content.length < LARGE ? gitSha1(content) : gitSha1(Buffer.from(`pointer to ${sha256(content)}`)),
    ...(content.length < LARGE
      ? {}
      : { lfs: { sha256: sha256(content), size: content.length, pointerSize: 134 } }),
  }));
  const body = { id, modelId: id, sha, private: false, gated: false, siblings, cardData: { license } };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** One range as browsers and resuming clients ask for it, and `If-Range`. */
export function sendRanged(
  call: Pick<HubCall, 'headers' | 'method'>,
  response: ServerResponse,
  content: Buffer,
  etag: string,
): void {
  const [, from] = /^bytes=(\d+)-$/.exec(call.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  const isCurrent = call.headers['if-range'] === undefined || call.headers['if-range'] === etag;
  response.setHeader('etag', etag);
  response.setHeader('accept-ranges', 'bytes');
  if (from === undefined || !isCurrent) {
    response.writeHead(200, { 'content-length': String(content.length) });
    response.end(call.method === 'HEAD' ? undefined : content);
    return;
  }
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const rest = content.subarray(start);
  response
    .writeHead(206, {
      'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      'content-length': String(rest.length),
    })
    .end(rest);
}

export async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
