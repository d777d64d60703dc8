// How a video's stored frames are turned before they are shown. Cameras write a display matrix instead of turning pixels.

/** First mirrored left to right, then turned clockwise. */
export interface Orientation {
  readonly isMirrored: boolean;
  readonly clockwiseDeg: 0 | 90 | 180 | 270;
}

export const UPRIGHT: Orientation = Object.freeze({ isMirrored: false, clockwiseDeg: 0 });

/**
 * From the text of ffprobe's `displaymatrix`: three rows of three integers, `x' = a x + c y`, `y' = b x + d y` with rows
 * (a b u), (c d v), y downwards. Angles between the quarter turns go to the nearest.
 */
export function parseDisplayMatrix(text: string): Orientation {
  const rows = [...text.matchAll(/^\s*[\da-f]+:\s+(-?\d+)\s+(-?\d+)\s+(-?\d+)/gim)];
  const [a = 1, b = 0] = rows[0]?.slice(1, 3).map(Number) ?? [];
  const [c = 0, d = 1] = rows[1]?.slice(1, 3).map(Number) ?? [];
  const isMirrored = a * d - b * c < 0;
  // Where the picture's right-hand direction goes; a mirrored one has it turned around first.
  const angle = Math.atan2(isMirrored ? -b : b, isMirrored ? -a : a);
  return { isMirrored, clockwiseDeg: nearestQuarter((angle * 180) / Math.PI) };
}

/** The turn that old files have as a tag in degrees, clockwise. */
export function parseRotateTag(text: string): Orientation {
  const degrees = Number(text);
  return { isMirrored: false, clockwiseDeg: Number.isFinite(degrees) ? nearestQuarter(degrees) : 0 };
}

function nearestQuarter(degrees: number): Orientation['clockwiseDeg'] {
  const quarters = ((Math.round(degrees / 90) % 4) + 4) % 4;
  return ([0, 90, 180, 270] as const)[quarters] ?? 0;
}

export function swapsSides({ clockwiseDeg }: Orientation): boolean {
  return clockwiseDeg === 90 || clockwiseDeg === 270;
}

/** ffmpeg's filters that turn a frame as it is shown. */
export function orientationFilters({ isMirrored, clockwiseDeg }: Orientation): string[] {
  const mirror = isMirrored ? ['hflip'] : [];
  if (clockwiseDeg === 90) return [...mirror, 'transpose=clock'];
  if (clockwiseDeg === 180) return isMirrored ? ['vflip'] : ['hflip', 'vflip'];
  if (clockwiseDeg === 270) return [...mirror, 'transpose=cclock'];
  return mirror;
}
