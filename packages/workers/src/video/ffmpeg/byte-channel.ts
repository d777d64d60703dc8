import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where arriving bytes go. */
export interface ByteSink {
  /** The piece of memory that the next bytes are put into. */
  room(): Uint8Array;
  /** So many bytes have been put there. @returns false to be given no more until `resume`. */
  accept(count: number): boolean;
  /** No more will come. */
  end(): void;
}

export interface ByteChannel {
  /** To be given to a child as its stdout, and destroyed here then. */
  readonly theirs: Socket;
  readonly ours: Socket;
}

const SOCKET = 'frames';
/** Of a socket's path: macOS takes no more, Linux four more. */
const LONGEST_BYTES = 103;

/** The temporary folder, unless no socket can lie as deep as that. */
function folderOfSockets(): string {
  const place = path.join(tmpdir(), 'spillway-123456', SOCKET);
  return Buffer.byteLength(place) <= LONGEST_BYTES ? tmpdir() : '/tmp';
}

/**
 * A channel from a child to memory of ours. A child's stdout as Node makes it takes a new buffer for each 64 KB, which
 * then have to be copied together: for frames that is as much work as half of ffmpeg's scaling. Here the bytes are read to
 * where they belong, a frame at a time.
 */
export async function openByteChannel(sink: ByteSink): Promise<ByteChannel> {
  // Of this user alone, and gone before the child runs.
  const folder = await mkdtemp(path.join(folderOfSockets(), 'spillway-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const place = path.join(folder, SOCKET);
    server.listen(place);
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const onread = { buffer: () => sink.room(), callback: (count: number) => sink.accept(count) };
    const ours = connect({ path: place, onread });
    for (const event of ['end', 'close']) ours.once(event, () => sink.end());
    // What breaks the channel ends it.
    ours.on('error', () => {});
    const [theirs] = (await accepted) as [Socket];
    return { theirs, ours };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
