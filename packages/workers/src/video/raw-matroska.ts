// Raw frames with their times, in the least of Matroska that ffmpeg reads: bare raw video has no times, so it would force
// a constant rate on every video. One track, a cluster a frame, timestamps in microseconds (RFC 9559).

export interface RawMatroska {
  /** What goes before the first frame. */
  readonly opening: Uint8Array;
  /** What goes before a frame of that time; its bytes follow. */
  frameOpening(timeMs: number): Uint8Array;
}

/** Of frames in `yuv420p`. @param frameRate 0 where it is not known; it says how long the last frame is shown. */
export function createRawMatroska(widthPx: number, heightPx: number, frameRate: number): RawMatroska {
  const frameBytes = (widthPx * heightPx * 3) / 2;
  const header = element(0x1a45dfa3, [
    ...[
      element(0x4286, uint(1)),
      element(0x42f7, uint(1)),
      element(0x42f2, uint(4)),
      element(0x42f3, uint(8)),
    ],
    ...[element(0x4282, text('matroska')), element(0x4287, uint(4)), element(0x4285, uint(2))],
  ]);
  const info = element(0x1549a966, [
    ...[element(0x2ad7b1, uint(NANOSECONDS_A_TICK)), element(0x4d80, text('spillway'))],
    element(0x5741, text('spillway')),
  ]);
  const picture = [
    element(0xb0, uint(widthPx)),
    element(0xba, uint(heightPx)),
    element(0x2eb524, text('I420')),
  ];
  const track = element(0xae, [
    ...[element(0xd7, uint(TRACK)), element(0x73c5, uint(1)), element(0x83, uint(1)), element(0x9c, uint(0))],
    ...[element(0x86, text('V_UNCOMPRESSED')), element(0xe0, picture)],
    ...(frameRate > 0 ? [element(0x23e383, uint(Math.round(1e9 / frameRate)))] : []),
  ]);
  const segment = Buffer.concat([id(0x18538067), UNKNOWN_SIZE]);
  return {
    opening: Buffer.concat([header, segment, info, element(0x1654ae6b, [track])]),
    frameOpening(timeMs) {
      const timestamp = element(0xe7, uint(Math.round(timeMs * 1000)));
      // Track, time relative to the cluster's, and the flag of a key frame.
      const block = Buffer.from([0x80 | TRACK, 0, 0, 0x80]);
      const blockHead = Buffer.concat([id(0xa3), size(block.length + frameBytes), block]);
      const clusterSize = size(timestamp.length + blockHead.length + frameBytes);
      return Buffer.concat([id(0x1f43b675), clusterSize, timestamp, blockHead]);
    },
  };
}

const NANOSECONDS_A_TICK = 1000;
const TRACK = 1;
const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

function element(name: number, content: Buffer | readonly Buffer[]): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.concat([...content]);
  return Buffer.concat([id(name), size(bytes.length), bytes]);
}

function id(name: number): Buffer {
  return Buffer.from(name.toString(16), 'hex');
}

/** Always in eight bytes. */
function size(bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(bytes) | (1n << 56n));
  return buffer;
}

function uint(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer;
}

function text(value: string): Buffer {
  return Buffer.from(value, 'ascii');
}
