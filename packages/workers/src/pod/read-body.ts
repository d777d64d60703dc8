import type { IncomingMessage } from 'node:http';
import { PodError } from './pod-route.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Longest time in which nothing comes. */
  readonly idleMs: number;
}

/** The body of a request; what is over a limit is not kept. @throws PodError */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await receiveBody(request, limits, (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}

/**
 * Hands over the body piece by piece. An error that `take` throws ends it, and so does a body that is compressed, since
 * its size would not be known, that is too large or that does not go on; what then still comes is thrown away.
 * @throws PodError
 */
export function receiveBody(
  request: IncomingMessage,
  { maxBytes, idleMs }: BodyLimits,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length = 0 } = request.headers;
  if (encoding !== 'identity') return Promise.reject(encoded(encoding));
  if (Number(length) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    let size = 0;
    const idle = setTimeout(() => end(tooSlow(idleMs)), idleMs);
    const end = (error?: unknown) => {
      clearTimeout(idle);
      request.off('data', onData).off('end', end).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer) => {
      idle.refresh();
      size += chunk.length;
      if (size > maxBytes) return end(tooLarge(maxBytes));
      try {
        take(chunk);
      } catch (error) {
        end(error);
      }
    };
    const onClose = () => end(new PodError(499, 'CANCELLED', 'The client hung up.'));
    request.on('data', onData).once('end', end).once('close', onClose);
    // A connection that breaks is told by its close, too.
    request.on('error', () => undefined);
  });
}

function tooLarge(maxBytes: number): PodError {
  const message = `The body is larger than ${Math.floor(maxBytes / 1_000_000)} MB.`;
  return new PodError(413, 'PAYLOAD_TOO_LARGE', message);
}

function tooSlow(idleMs: number): PodError {
  const message = `The body stopped in the middle: nothing came for ${idleMs / 1000} s.`;
  // Nothing is on its way, so the connection may end with the answer.
  return new PodError(408, 'REQUEST_TIMEOUT', message, { connection: 'close' });
}

function encoded(encoding: string): PodError {
  const message = `The body is compressed (content-encoding: ${encoding}); send it as it is.`;
  return new PodError(415, 'UNSUPPORTED_MEDIA_TYPE', message);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws PodError */
export function parseJson(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw new PodError(400, 'INPUT_INVALID', 'The body is not JSON; expected an object.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new PodError(400, 'INPUT_INVALID', 'The body is JSON but no object.');
}
