import { SAMPLES_PER_SECOND, type VideoQuality } from '@spillway/protocol/ergonomics';

/** What a `quality` means: how often the video is looked at, and how large the pictures are that models get. */
export interface Quality {
  readonly samplesPerSecond: number;
  /** The longer side, pixels; smaller videos stay as they are. */
  readonly maxSidePx: number;
}

export const QUALITY_NAMES = ['low', 'medium', 'high', 'ultra'] as const satisfies VideoQuality[];
export type QualityName = (typeof QUALITY_NAMES)[number];

/**
 * From five samples a second on a fast movement is seen as one; more of them only make curves finer and times exact to a
 * frame.
 */
export const QUALITIES: Readonly<Record<QualityName, Quality>> = {
  low: { samplesPerSecond: SAMPLES_PER_SECOND.low, maxSidePx: 640 },
  medium: { samplesPerSecond: SAMPLES_PER_SECOND.medium, maxSidePx: 960 },
  high: { samplesPerSecond: SAMPLES_PER_SECOND.high, maxSidePx: 1280 },
  ultra: { samplesPerSecond: SAMPLES_PER_SECOND.ultra, maxSidePx: 1920 },
};
