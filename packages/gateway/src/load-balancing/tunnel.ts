import http, { STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { onceConnected, workerFailed } from './forward-request.ts';

/**
 * A WebSocket as a tunnel: the upgrade is asked for as the client did, and from then on bytes go both ways untouched,
 * so extensions and subprotocols are between client and worker.
 */
export interface TunnelOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
  /** Aborts when the client left or the time to answer is over. */
  readonly signal: AbortSignal;
}

export type TunnelAnswer =
  | {
      readonly type: 'upgraded';
      readonly response: http.IncomingMessage;
      readonly socket: Duplex;
      /** What the worker sent right behind its answer. */
      readonly head: Buffer;
    }
  /** The worker refused: its answer is an ordinary one. */
  | { readonly type: 'answered'; readonly response: http.IncomingMessage };

/** A dead peer of a silent WebSocket is noticed by TCP alone. */
const KEEP_ALIVE_MS = 30_000;
/** A WebSocket of which one side has hung up is over; the other side gets so long to say its last word. */
const LAST_WORD_MS = 1_000;

/** Resolves with the worker's answer to the upgrade. Rejects with a GatewayError, a WorkerRefusedError, or the signal's reason. */
export function openTunnel({ port, path, headers, signal }: TunnelOptions): Promise<TunnelAnswer> {
  return new Promise((resolve, reject) => {
    const upstream = http.request({ host: '127.0.0.1', port, path, headers, agent: false });
    const abort = () => {
      reject(signal.reason);
      upstream.destroy();
    };
    signal.addEventListener('abort', abort, { once: true });
    upstream.on('close', () => signal.removeEventListener('abort', abort));
    let isSent = false;
    onceConnected(upstream, () => {
      isSent = true;
    });
    upstream.on('error', (error) => reject(workerFailed(error, isSent)));
    upstream.on('response', (response) => resolve({ type: 'answered', response }));
    upstream.on('upgrade', (response, socket, head) => {
      signal.removeEventListener('abort', abort);
      resolve({ type: 'upgraded', response, socket, head });
    });
    upstream.end();
    if (signal.aborted) abort();
  });
}

/** Answers the client's upgrade and passes bytes until either side ends. Never rejects. */
export async function runTunnel(
  client: { readonly socket: Duplex; readonly head: Buffer },
  worker: TunnelAnswer & { readonly type: 'upgraded' },
  headers: readonly string[],
): Promise<void> {
  const { statusCode = 101, statusMessage } = worker.response;
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage ?? STATUS_CODES[statusCode] ?? ''}`];
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  const sockets = [client.socket, worker.socket].filter((socket) => socket instanceof Socket);
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }
  client.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  client.socket.write(worker.head);
  worker.socket.write(client.head);
  const both = [pipeline(client.socket, worker.socket), pipeline(worker.socket, client.socket)];
  await Promise.race(both.map((way) => way.catch(() => {})));
  for (const socket of sockets) socket.setTimeout(LAST_WORD_MS, () => socket.destroy());
  await Promise.allSettled(both);
}
