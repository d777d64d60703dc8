import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One try to send a part. */
export interface PartTry {
  readonly partNumber: number;
  /** Of its body, as they came from the client. */
  bytes: number;
  /** Whether the other side said that it has it. */
  isAcknowledged: boolean;
}

export interface CountingProxy {
  readonly url: string;
  readonly tries: readonly PartTry[];
  /** Called once, as soon as so many bytes of parts have come through; a part is under way then. */
  whenSent(bytes: number, then: () => void): void;
  close(): Promise<void>;
}

/** Passes everything on as it comes, to where signatures are checked too, and counts what the parts of uploads cost. */
export async function startCountingProxy(target: { host: string; port: number }): Promise<CountingProxy> {
  const tries: PartTry[] = [];
  const watches: { bytes: number; then: () => void }[] = [];
  let sentBytes = 0;

  function count(bytes: number): void {
    sentBytes += bytes;
    while ((watches[0]?.bytes ?? Number.POSITIVE_INFINITY) <= sentBytes) watches.shift()?.then();
  }

  function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url = '/', headers } = incoming;
    const part = partOf(method, url);
    if (part) tries.push(part);
    // The host stays as the client named it: signatures hold for it.
    const upstream = ask({ ...target, method, path: url, headers, agent: false });
    const cut = () => {
      upstream.destroy();
      outgoing.destroy();
    };
    upstream.on('error', cut);
    incoming.on('error', cut);
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    upstream.on('response', (answer) => {
      if (part && answer.statusCode === 200) part.isAcknowledged = true;
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', cut);
      answer.pipe(outgoing);
    });
    incoming.on('data', (chunk: Buffer) => {
      if (!part) return;
      part.bytes += chunk.length;
      count(chunk.length);
    });
    incoming.pipe(upstream);
  }

  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tries,
    whenSent(bytes, then) {
      watches.push({ bytes, then });
      watches.sort((a, b) => a.bytes - b.bytes);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** As the disk's URLs and those of S3 name it. */
function partOf(method: string | undefined, url: string): PartTry | undefined {
  const query = new URL(url, 'http://x').searchParams;
  const number = query.get('part') ?? query.get('partNumber');
  if (method !== 'PUT' || number === null) return undefined;
  return { partNumber: Number(number), bytes: 0, isAcknowledged: false };
}
