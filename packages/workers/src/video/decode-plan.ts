// What ffmpeg is asked for: pure choices, no processes. Which frames are samples, how large they become, where the
// reading begins.

import { orientationFilters, swapsSides } from './orientation.ts';
import type { VideoInfo } from './video-info.ts';

export type PixelLayout = 'rgb24' | 'yuv420p';

export interface DecodeRequest {
  /** Of the frames, as shown. One of the two keeps the shape; both may change it. Never given: the video's own size. */
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
  /** The longer side at most; smaller videos stay as they are. */
  readonly maxSidePx?: number | undefined;
  /** At most so many, evenly: of each period of time its first frame. Never given: every frame. */
  readonly samplesPerSecond?: number | undefined;
  /** Frames from this time on, and before that one; a frame belongs to one range only. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** `rgb24`: interleaved, 3 bytes a pixel. `yuv420p`: planes Y, U, V; sides are even. */
  readonly pixels: PixelLayout;
}

export interface DecodePlan {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly frameBytes: number;
  /** Options before the source. */
  readonly inputArguments: readonly string[];
  /** Options behind the source. */
  readonly outputArguments: readonly string[];
}

/** Times are read from this descriptor of ffmpeg. */
export const TIMES_DESCRIPTOR = 3;

/** Clocks of files may tick in milliseconds: a frame that lies so little before a period belongs to it. */
const ROUNDING_S = 0.0006;

export function planDecode(video: VideoInfo, request: DecodeRequest): DecodePlan {
  for (const name of ['widthPx', 'heightPx', 'maxSidePx', 'samplesPerSecond'] as const) {
    const value = request[name];
    if (value !== undefined && !(value > 0))
      throw new RangeError(`${name} is ${value}, and has to be above 0`);
  }
  const [widthPx, heightPx] = frameSize(video, request);
  const { stored } = video;
  const filters = [
    ...(stored.isInterlaced ? ['yadif=deint=interlaced'] : []),
    ...selectFilter(request.samplesPerSecond, stored.startMs / 1000),
    ...scaleFilters(video, widthPx, heightPx, request.pixels),
    `format=${request.pixels}`,
    ...['settb=1/1000000', 'metadata=mode=add:key=t:value=1'],
    `metadata=mode=print:file=pipe\\\\:${TIMES_DESCRIPTOR}:direct=1`,
  ];
  return {
    widthPx,
    heightPx,
    frameBytes: request.pixels === 'rgb24' ? widthPx * heightPx * 3 : (widthPx * heightPx * 3) / 2,
    inputArguments: ['-copyts', '-noautorotate', ...rangeArguments(video, request)],
    outputArguments: [
      ...['-map', `0:${stored.streamIndex}`, '-an', '-sn', '-dn', '-vf', filters.join(',')],
      ...passthrough(stored.ffmpegVersion),
      ...['-f', 'rawvideo', '-pix_fmt', request.pixels, '-avioflags', 'direct', 'pipe:1'],
    ],
  };
}

function frameSize(video: VideoInfo, request: DecodeRequest): [number, number] {
  const { widthPx, heightPx, maxSidePx } = request;
  const aspect = video.widthPx / video.heightPx;
  let [width, height] = [widthPx, heightPx];
  if (width === undefined && height === undefined) {
    const scale = Math.min(
      1,
      (maxSidePx ?? Number.POSITIVE_INFINITY) / Math.max(video.widthPx, video.heightPx),
    );
    [width, height] = [video.widthPx * scale, video.heightPx * scale];
  }
  const sides = [width ?? (height ?? 0) * aspect, height ?? (width ?? 0) / aspect] as const;
  // Chroma planes have half the sides: an odd one would leave a pixel without colour.
  const step = request.pixels === 'yuv420p' ? 2 : 1;
  const whole = (side: number) => Math.max(step, Math.round(side / step) * step);
  return [whole(sides[0]), whole(sides[1])];
}

/** Keeps the first frame of each period; periods count from the file's first moment, so ranges fit together. */
function selectFilter(samplesPerSecond: number | undefined, startS: number): string[] {
  if (samplesPerSecond === undefined || !Number.isFinite(samplesPerSecond)) return [];
  const period = (time: string) => `floor((${time}-(${startS})+${ROUNDING_S})*${samplesPerSecond})`;
  return [`select='isnan(t)+isnan(prev_selected_t)+gt(${period('t')},${period('prev_selected_t')})'`];
}

/** The number of the period that a moment lies in. */
export function periodOf(timeMs: number, samplesPerSecond: number): number {
  return Math.floor((timeMs / 1000 + ROUNDING_S) * samplesPerSecond);
}

/** Scaled before it is turned: turning costs by the pixel. */
function scaleFilters(video: VideoInfo, width: number, height: number, pixels: PixelLayout): string[] {
  const { orientation, color } = video.stored;
  const [before, after] = swapsSides(orientation) ? [height, width] : [width, height];
  // Without a word in the file players take BT.709 for high definition, and ffmpeg BT.601.
  const matrix = color.space === undefined && video.stored.heightPx >= 720 ? ':in_color_matrix=bt709' : '';
  const scale = `scale=${before}:${after}:flags=bilinear${pixels === 'rgb24' ? matrix : ''}`;
  return [scale, ...orientationFilters(orientation)];
}

/**
 * Reading begins at the start of the range's first period, whose sample may lie before the range. Containers with an
 * index are entered at the key frame before; in the others seeking may land behind it, hence the head start; bare
 * streams can only be read from their beginning.
 */
function rangeArguments(video: VideoInfo, { fromMs, toMs, samplesPerSecond }: DecodeRequest): string[] {
  const { container } = video.stored;
  const hasIndex = /mov|mp4|matroska/.test(container);
  const isBareStream = /^(h264|hevc|m4v|mpegvideo|obu|ivf)$/.test(container);
  const entry = (() => {
    if (fromMs === undefined || fromMs <= 0 || isBareStream) return 0;
    const sps = samplesPerSecond;
    const period = sps === undefined || !Number.isFinite(sps) ? fromMs : (periodOf(fromMs, sps) / sps) * 1000;
    return Math.max(0, period - (hasIndex ? HEAD_START_MS : HEAD_START_UNINDEXED_MS));
  })();
  const end = toMs === undefined ? [] : ['-t', seconds(Math.max(0, toMs - entry) + HEAD_START_MS)];
  return entry === 0 ? end : ['-ss', seconds(entry), ...end];
}

/** Seeks and ends are rounded to a container's clock, which may tick as slowly as its frames. */
const HEAD_START_MS = 100;
const HEAD_START_UNINDEXED_MS = 15_000;

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}

/** Every frame with its own time: ffmpeg would else double and drop frames to make the rate constant. */
export function passthrough(ffmpegVersion: string): string[] {
  const [major = 99, minor = 0] = /^n?(\d+)\.(\d+)/.exec(ffmpegVersion)?.slice(1).map(Number) ?? [];
  return major > 5 || (major === 5 && minor >= 1) ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough'];
}
