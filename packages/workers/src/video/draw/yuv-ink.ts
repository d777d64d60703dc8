import type { Color, Ink } from '../../media/rasterizer.ts';
import type { VideoInfo } from '../video-info.ts';

/** Which numbers mean which colour: ITU-R BT.601 or BT.709, both in their limited range (16 to 235). */
export type YuvMatrix = 'bt601' | 'bt709';

/** The matrix that players use for a video: what it says, else by its height. */
export function matrixOf({ stored }: Pick<VideoInfo, 'stored'>): YuvMatrix {
  const { space } = stored.color;
  if (space === undefined) return stored.heightPx >= 720 ? 'bt709' : 'bt601';
  return /^(bt709|bt2020)/.test(space) ? 'bt709' : 'bt601';
}

export interface YuvInk {
  readonly y: number;
  readonly u: number;
  readonly v: number;
  /** 0 to 256. */
  readonly weight: number;
}

const LUMA = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722] } as const;

export function toYuvInk({ color, alpha }: Ink, matrix: YuvMatrix): YuvInk {
  const [y, u, v] = toYuv(color, matrix);
  return { y, u, v, weight: Math.round(alpha * 256) };
}

function toYuv([red, green, blue]: Color, matrix: YuvMatrix): [number, number, number] {
  const [ofRed, ofBlue] = LUMA[matrix];
  const luma = ofRed * red + (1 - ofRed - ofBlue) * green + ofBlue * blue;
  return [
    Math.round(16 + (219 * luma) / 255),
    Math.round(128 + (112 * (blue - luma)) / (255 * (1 - ofBlue))),
    Math.round(128 + (112 * (red - luma)) / (255 * (1 - ofRed))),
  ];
}
