import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly body: Record<string, unknown>;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly json?: unknown;
  /** Chunks of text; the connection stays open after the last one when `isEndless`. */
  readonly text?: readonly string[];
  readonly isEndless?: boolean;
}

export interface FakeGateway {
  readonly url: string;
  readonly calls: readonly FakeCall[];
  /** Resolves with the first call, made already or yet to come, of this method and path. */
  called(methodAndPath: string): Promise<FakeCall>;
  close(): Promise<void>;
}

/** What a gateway answers, by `METHOD /path`; anything else is a 404 in a gateway's own form. */
export type Answers = Readonly<Record<string, FakeAnswer | ((call: FakeCall) => FakeAnswer)>>;

export async function startFakeGateway(answers: Answers): Promise<FakeGateway> {
  const calls: FakeCall[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    for (const wake of waiting) wake();
    const row = answers[`${call.method} ${call.path}`];
    const answer = typeof row === 'function' ? row(call) : row;
    const { status = 200, json, text, isEndless } = answer ?? notFound(call);
    response.writeHead(status, { 'content-type': text ? 'text/plain' : 'application/json' });
    for (const chunk of text ?? [JSON.stringify(json)]) response.write(chunk);
    if (!isEndless) response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    called: (methodAndPath) =>
      new Promise((resolve) => {
        const look = () => {
          const found = calls.find(({ method, path }) => `${method} ${path}` === methodAndPath);
          if (found) resolve(found);
        };
        waiting.push(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readCall(request: IncomingMessage): Promise<FakeCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? '/', 'http://fake');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    authorization: request.headers.authorization ?? '',
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

function notFound({ path }: FakeCall): FakeAnswer {
  const code = path.startsWith('/v1/jobs') ? 'JOB_NOT_FOUND' : 'ROUTE_NOT_FOUND';
  return {
    status: 404,
    json: { status: 404, title: 'Not Found', detail: 'not here', error: 'not here', code },
  };
}
