import { type DecodeRequest, periodOf } from './decode-plan.ts';
import type { VideoInfo } from './video-info.ts';

/** Turns ffmpeg's timestamps into times of the video and says which frames belong to the answer. */
export interface Sampler {
  /**
   * The frame's time, or undefined for one that is not asked for: outside of the range, a second one of its period, or
   * not later than the one before, as broken files have them.
   * @param timestamp microseconds of the file's clock; without one the frame follows the one before.
   */
  accept(timestamp: number | 'none' | undefined): number | undefined;
  /** Time of the latest frame that was read, whether asked for or not. */
  readonly lastMs: number | undefined;
}

const DEFAULT_RATE = 25;

export function createSampler(video: VideoInfo, request: DecodeRequest): Sampler {
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY, samplesPerSecond } = request;
  const { startMs } = video.stored;
  const isSampled = samplesPerSecond !== undefined && Number.isFinite(samplesPerSecond);
  const stepMs = 1000 / (video.frameRate || DEFAULT_RATE);
  let lastMs: number | undefined;
  let lastPeriod = Number.NEGATIVE_INFINITY;
  return {
    get lastMs() {
      return lastMs;
    },
    accept(timestamp) {
      const told =
        typeof timestamp === 'number'
          ? (timestamp - Math.round(startMs * 1000)) / 1000
          : (lastMs ?? -stepMs) + stepMs;
      // A file may round its own beginning up.
      const timeMs = Math.max(0, told);
      if (lastMs !== undefined && timeMs <= lastMs) return undefined;
      lastMs = timeMs;
      if (isSampled) {
        const period = periodOf(timeMs, samplesPerSecond);
        if (period <= lastPeriod) return undefined;
        lastPeriod = period;
      }
      return timeMs >= fromMs && timeMs < toMs ? timeMs : undefined;
    },
  };
}
