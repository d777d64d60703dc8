import { createServer, type ServerResponse } from 'node:http';

/** A call of the engine's API. */
export interface DaemonCall {
  readonly method: string;
  /** Without the version in front. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

export interface RecordingDaemon {
  readonly calls: readonly DaemonCall[];
  close(): Promise<void>;
}

/** What it answers, by `METHOD /path`; everything else is refused as unknown. */
export type DaemonAnswers = Readonly<Record<string, unknown>>;

/**
 * The service side of Docker's API on a Unix socket, which runs nothing: it shows what Docker's real command line makes
 * of our arguments. A container is never made; its description is recorded.
 */
export async function startRecordingDaemon(socket: string, answers: DaemonAnswers): Promise<RecordingDaemon> {
  const calls: DaemonCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://engine');
    const path = url.pathname.replace(/^\/v[\d.]+/, '');
    const method = request.method ?? '';
    response.setHeader('Api-Version', '1.44');
    response.setHeader('Ostype', 'linux');
    if (path === '/_ping') return void response.end('OK');
    const text = Buffer.concat(chunks).toString();
    calls.push({ method, path, query: url.searchParams, body: text === '' ? {} : JSON.parse(text) });
    const answer = answers[`${method} ${path}`];
    if (answer === undefined) return send(response, 409, { message: `recorded ${method} ${path}` });
    return send(response, 200, answer);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
