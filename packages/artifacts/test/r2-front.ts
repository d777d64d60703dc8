import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Server } from './versity.ts';

const MIB = 1024 * 1024;
const LARGEST_PUT_BYTES = 5 * 1024 * MIB - 5 * MIB;
const SMALLEST_PART_BYTES = 5 * MIB;
const WRITE_EVERY_MS = 1000;

export interface R2Front {
  readonly url: string;
  /** What was refused, by R2's code. */
  readonly refused: readonly string[];
  /** The bucket's lifecycle, as it was written. */
  lifecycle: string | undefined;
  close(): Promise<void>;
}

/**
 * R2's own rules in front of a real S3 server: parts of one size but the last and of 5 MiB at least, one PUT under 5 GiB,
 * one write a second of each key; and a lifecycle that is kept, which that server does not know.
 */
export async function startR2Front(s3: S3Server): Promise<R2Front> {
  const { hostname, port } = new URL(s3.settings.endpoint ?? '');
  const refused: string[] = [];
  const sizes = new Map<string, Map<number, number>>();
  const writtenAt = new Map<string, number>();

  function refuse(response: ServerResponse, status: number, code: string, message: string): void {
    refused.push(code);
    // Read to its end: a connection that is closed with bytes unread may take the answer with it.
    response.req.resume();
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  }

  /** What R2 has against it; undefined: nothing. */
  function objection(
    method: string,
    url: URL,
    length: number,
  ): [status: number, code: string, message: string] | undefined {
    const query = url.searchParams;
    const uploadId = query.get('uploadId');
    if (method === 'PUT' && uploadId === null && !query.has('cors')) {
      if (length > LARGEST_PUT_BYTES) return [400, 'EntityTooLarge', 'over 5 GiB in one'];
      const now = performance.now();
      if (now - (writtenAt.get(url.pathname) ?? Number.NEGATIVE_INFINITY) < WRITE_EVERY_MS)
        return [429, 'TooManyRequests', 'Reduce your concurrent request rate for the same object.'];
      writtenAt.set(url.pathname, now);
    }
    if (uploadId === null) return undefined;
    const parts = sizes.get(uploadId) ?? new Map<number, number>();
    sizes.set(uploadId, parts);
    if (method === 'PUT') parts.set(Number(query.get('partNumber')), length);
    if (method !== 'POST') return undefined;
    const others = [...parts].toSorted(([a], [b]) => a - b).slice(0, -1);
    if (others.some(([, size]) => size < SMALLEST_PART_BYTES))
      return [400, 'EntityTooSmall', 'a part under 5 MiB'];
    if (new Set(others.map(([, size]) => size)).size > 1)
      return [400, 'InvalidPart', 'All non-trailing parts must have the same length.'];
    return undefined;
  }

  async function keepLifecycle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method === 'GET' && front.lifecycle === undefined)
      return refuse(outgoing, 404, 'NoSuchLifecycleConfiguration', 'none');
    if (incoming.method === 'GET') return void outgoing.end(front.lifecycle);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    front.lifecycle = Buffer.concat(chunks).toString();
    outgoing.end();
  }

  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', headers } = incoming;
    const url = new URL(incoming.url ?? '/', 'http://x');
    if (url.searchParams.has('lifecycle')) return void keepLifecycle(incoming, outgoing);
    const no = objection(method, url, Number(headers['content-length'] ?? 0));
    if (no) return refuse(outgoing, ...no);
    // The host stays as it was named: signatures hold for it.
    const upstream = ask({ hostname, port, method, path: incoming.url, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: R2Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    lifecycle: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return front;
}
