import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';
import type { Route } from './route.ts';

/**
 * Bodies as text, whatever their content type says: workers send JSON as a form. Most often a body is one chunk, and its
 * limit is that of its row.
 */
export const SMALL_BODY_BYTES = 1024 * 1024;

const MIB = 1024 * 1024;

type BodyHeaders = Pick<IncomingMessage, 'headers'>;
type Done = (error: Error | null, body: string) => void;
/** What is read of a request. */
export type BodySource = Pick<IncomingMessage, 'headers'> &
  NodeJS.EventEmitter & { pause(): unknown; resume(): unknown };

/** Where bodies over `SMALL_BODY_BYTES` find room before they are read. */
export interface BodyRoom {
  readonly budget: ByteBudget;
  /** Called once there is room: with what gives it back. */
  hold(release: () => void): void;
}

function limitOf(route: Pick<Route, 'bodyLimitBytes'>): number {
  return route.bodyLimitBytes ?? SMALL_BODY_BYTES;
}

/** What is sent is larger than its row allows. The rest of it is thrown away. */
export class BodyTooLargeError extends GatewayError {
  constructor(path: string, limitBytes: number) {
    const code = path.startsWith('/v2/') ? 'BODY_TOO_LARGE' : 'PAYLOAD_TOO_LARGE';
    super(code, `bad request: body: exceeded max body size of ${Math.floor(limitBytes / MIB)}MiB`);
  }
}

export function hasBody({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  const length = headers['content-length'];
  return length === undefined ? headers['transfer-encoding'] !== undefined : length !== '0';
}

/** Over `SMALL_BODY_BYTES`, as far as can be known. */
export function isLargeBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const length = headers['content-length'];
  return length === undefined || Number(length) > SMALL_BODY_BYTES;
}

/** Throws BodyTooLargeError for what says that it is. */
export function refuseTooLarge(row: Pick<Route, 'bodyLimitBytes' | 'path'>, { headers }: BodyHeaders): void {
  const limitBytes = limitOf(row);
  if (Number(headers['content-length'] ?? 0) > limitBytes) throw new BodyTooLargeError(row.path, limitBytes);
}

/** `row`: its limit and path. Calls `done` once. A large body stays with its sender until there is room for it. */
export function readBody(
  source: BodySource,
  row: Pick<Route, 'bodyLimitBytes' | 'path'>,
  room: BodyRoom,
  done: Done,
): void {
  const limitBytes = limitOf(row);
  const said = source.headers['content-length'];
  try {
    refuseTooLarge(row, source);
  } catch (error) {
    done(error as Error, '');
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let received = 0;
  let isOver = false;
  let hasRoom = false;

  // The listeners stay, since they go with the request, of which nothing more comes in nearly every case.
  function end(error: Error | null, body: string): void {
    if (isOver) return;
    isOver = true;
    first = undefined;
    more = undefined;
    done(error, body);
  }
  function onData(chunk: Buffer): void {
    if (isOver) return;
    received += chunk.length;
    // Of one that did not say its length.
    if (received > SMALL_BODY_BYTES && !hasRoom) {
      hasRoom = true;
      waitForRoom(source, room, limitBytes, end);
    }
    if (received > limitBytes) end(new BodyTooLargeError(row.path, limitBytes), '');
    else if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  }
  function onEnd(): void {
    if (said !== undefined && received !== Number(said)) {
      end(
        new GatewayError('INPUT_INVALID', 'bad request: the body is not as long as content-length says'),
        '',
      );
      return;
    }
    // Decoded at once, since a character may lie on the border of two chunks.
    const whole = more === undefined ? first : Buffer.concat(more, received);
    end(null, whole === undefined ? '' : whole.toString());
  }
  /** The client left, or what it sent was no HTTP. */
  function onError(error: Error): void {
    end(new GatewayError('INPUT_INVALID', `bad request: the body broke off: ${error.message}`), '');
  }
  source.on('data', onData);
  source.on('end', onEnd);
  source.on('error', onError);
  if (said !== undefined && Number(said) > SMALL_BODY_BYTES) {
    hasRoom = true;
    waitForRoom(source, room, Number(said), end);
  } else source.resume();
}

/** Nothing of it is read meanwhile. */
function waitForRoom(source: BodySource, room: BodyRoom, bytes: number, end: Done): void {
  source.pause();
  room.budget.take(bytes).then(
    (release) => {
      room.hold(release);
      source.resume();
    },
    (error: Error) => end(error, ''),
  );
}
