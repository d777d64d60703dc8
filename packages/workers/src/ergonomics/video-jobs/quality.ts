/** What a `quality` means: how often the video is looked at, and how large the pictures are that models get. */
export interface Quality {
  readonly samplesPerSecond: number;
  /** The longer side, pixels; smaller videos stay as they are. */
  readonly maxSidePx: number;
}

export const QUALITY_NAMES = ['low', 'medium', 'high', 'ultra'] as const;
export type QualityName = (typeof QUALITY_NAMES)[number];

/**
 * From five samples a second on a fast movement is seen as one; more of them only make curves finer and times exact to a
 * frame.
 */
export const QUALITIES: Readonly<Record<QualityName, Quality>> = {
  low: { samplesPerSecond: 3, maxSidePx: 640 },
  medium: { samplesPerSecond: 6, maxSidePx: 960 },
  high: { samplesPerSecond: 12, maxSidePx: 1280 },
  ultra: { samplesPerSecond: 30, maxSidePx: 1920 },
};
