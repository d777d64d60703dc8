import type { Keypoint, LayoutName } from '../pose/layouts.ts';
import type { Quality } from './quality.ts';

/** Where the people of a video come from: decoded, detected, followed and posed, sample by sample. */
export interface PeopleSource {
  /** Which models it uses, in words: part of what a checkpoint rests on. */
  readonly models: string;
  readonly layout: LayoutName;
  /**
   * @param source a path, or a URL that was signed for this.
   * @throws VideoRefusal for what is wrong with the video itself.
   */
  open(source: string, quality: Quality, signal: AbortSignal): Promise<OpenVideo>;
}

export interface OpenVideo {
  readonly durationMs: number;
  /** Of the pictures that boxes and keypoints are in. */
  readonly widthPx: number;
  readonly heightPx: number;
  /**
   * The samples from `fromMs` up to, not including, `toMs`. `before` is the last one of the segment before: who stood there
   * keeps the number.
   */
  read(range: TimeRange, before: SeenMoment | undefined, signal: AbortSignal): AsyncIterable<SeenMoment>;
  /** What was found wrong so far and did not end the work, a sentence each. */
  warnings(): readonly string[];
}

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SeenMoment {
  readonly timeMs: number;
  readonly people: readonly SeenPerson[];
}

export interface SeenPerson {
  readonly id: number;
  readonly box: SeenBox;
  readonly keypoints: readonly Keypoint[];
}

export interface SeenBox {
  readonly x_min: number;
  readonly y_min: number;
  readonly x_max: number;
  readonly y_max: number;
}

/** The video can't be processed, whoever tries. The message is a sentence for its user. */
export class VideoRefusal extends Error {
  override readonly name = 'VideoRefusal';
}
