import type { BoundingBox } from '../../media/raster.ts';
import type { Keypoint, LayoutName } from '../pose/layouts.ts';
import type { UsedModel } from '../results/result.ts';
import type { Quality } from './quality.ts';
import type { DrawingSource } from './video-drawing.ts';

/** Where the people of a video come from: decoded, detected, followed and posed, sample by sample. */
export interface PeopleSource {
  /** Which models it uses; what a checkpoint rests on, too. */
  readonly models: readonly UsedModel[];
  /**
   * @param file its path.
   * @throws VideoRefusal for what is wrong with the video itself.
   */
  open(file: string, quality: Quality, signal: AbortSignal): Promise<OpenVideo>;
}

export interface OpenVideo {
  readonly durationMs: number;
  /** Of the pictures that boxes and keypoints are in. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Of the video as it is shown, which its users point at. */
  readonly shownWidthPx: number;
  /**
   * The samples from `fromMs` on. Each comes with what is needed to go on behind it, plain JSON, so that people keep their
   * numbers; `carried` is that of the last sample before, undefined at the beginning.
   */
  read(fromMs: number, carried: unknown, signal: AbortSignal): AsyncIterable<CarriedMoment>;
  /** What was found wrong so far and did not end the work, a sentence each. */
  warnings(): readonly string[];
  /** Absent where there is nothing to draw on. */
  readonly drawing?: DrawingSource;
}

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SeenMoment {
  readonly timeMs: number;
  readonly people: readonly SeenPerson[];
}

export interface CarriedMoment extends SeenMoment {
  /** Undefined until somebody was seen. */
  readonly layout: LayoutName | undefined;
  readonly carry: unknown;
}

export interface SeenPerson {
  readonly id: number;
  /** Pixels of the pictures. */
  readonly box: BoundingBox;
  readonly keypoints: readonly Keypoint[];
}

/** The video can't be processed, whoever tries. The message is a sentence for its user. */
export class VideoRefusal extends Error {
  override readonly name = 'VideoRefusal';
}
