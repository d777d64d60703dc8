import type { IncomingMessage } from 'node:http';
import { PodError } from './pod-route.ts';

/** The body of a request, at most so many bytes; what is over the limit is not read. @throws PodError */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** What is left of the body is not wanted, so the connection ends with the answer. */
function tooLarge(maxBytes: number): PodError {
  const message = `The body is larger than ${Math.floor(maxBytes / 1_000_000)} MB.`;
  return new PodError(413, 'PAYLOAD_TOO_LARGE', message, { connection: 'close' });
}

/** @throws PodError */
export function parseJson(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new PodError(400, 'INPUT_INVALID', 'The body is not JSON; expected an object.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new PodError(400, 'INPUT_INVALID', 'The body is JSON but no object.');
}
