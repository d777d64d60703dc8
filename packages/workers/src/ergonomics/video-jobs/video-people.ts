import type { PoseReader } from '../../pose/pose-reader.ts';
import type { PoseSample } from '../../pose/read-poses.ts';
import type { TrackerState } from '../../pose/tracking/tracker.ts';
import { decodeFrames, probeVideo, VideoError, type VideoInfo } from '../../video/index.ts';
import { type CarriedMoment, type OpenVideo, type PeopleSource, VideoRefusal } from './people-source.ts';
import type { Quality } from './quality.ts';

/** The people of videos as ffmpeg decodes them and the pose models see them. */
export function createVideoPeople(reader: PoseReader): PeopleSource {
  return {
    models: reader.models.map(({ role, id, isDemo }) => ({ role, id, demo: isDemo })),
    async open(source, quality, signal) {
      const info = await refusing(() => probeVideo(source, { signal }));
      return openVideo(reader, { source, info, quality });
    },
  };
}

interface Opened {
  readonly source: string;
  readonly info: VideoInfo;
  readonly quality: Quality;
}

function openVideo(reader: PoseReader, { source, info, quality }: Opened): OpenVideo {
  const warnings = new Set<string>();
  const scale = Math.min(1, quality.maxSidePx / Math.max(info.widthPx, info.heightPx));
  return {
    widthPx: Math.round(info.widthPx * scale),
    heightPx: Math.round(info.heightPx * scale),
    ...{ durationMs: info.durationMs, shownWidthPx: info.widthPx },
    async *read(fromMs, carried, signal) {
      const frames = decodeFrames(source, {
        ...{ video: info, signal, pixels: 'rgb24', fromMs, maxSidePx: quality.maxSidePx },
        samplesPerSecond: quality.samplesPerSecond,
        onDamage: ({ message }) => warnings.add(message),
      });
      const tracker = carried as TrackerState | undefined;
      try {
        yield* momentsOf(reader.read(frames, { signal, tracker }));
      } catch (error) {
        throw asRefusal(error);
      }
    },
    warnings: () => [...warnings],
    drawing: { source, video: info, poseWidthPx: Math.round(info.widthPx * scale) },
  };
}

async function* momentsOf(samples: AsyncIterable<PoseSample>): AsyncGenerator<CarriedMoment> {
  for await (const { timeMs, people, layout, tracker } of samples)
    yield {
      timeMs,
      people: people.map(({ id, box, keypoints }) => ({ id, box, keypoints })),
      ...{ layout, carry: tracker },
    };
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRefusal(error);
  }
}

/** What is wrong with the video itself, whoever tries. */
function asRefusal(error: unknown): unknown {
  const isVideos = error instanceof VideoError && !/^(SOURCE_UNAVAILABLE|FFMPEG_)/.test(error.code);
  return isVideos ? new VideoRefusal(error.message, { cause: error }) : error;
}
