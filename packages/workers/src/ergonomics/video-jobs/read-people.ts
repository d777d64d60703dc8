import type { LayoutName } from '../pose/layouts.ts';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';
import type { OpenVideo, SeenMoment, TimeRange } from './people-source.ts';
import { createSeenRecord, type SeenRecord } from './seen-record.ts';

/** Everybody who was seen in a video, segment by segment: those that were finished before are taken as they were. */
export interface ReadParts {
  readonly video: OpenVideo;
  readonly segments: readonly TimeRange[];
  readonly checkpoints: Checkpoints;
  readonly signal: AbortSignal;
  /** Segments that are done, and how far the one under way is, 0 to 1. */
  readonly onProgress: (done: number, share: number) => void;
}

export interface SeenPeople {
  /** Of their keypoints; undefined where nobody was seen. */
  readonly layout: LayoutName | undefined;
  readonly record: SeenRecord;
  readonly warnings: readonly string[];
  /** Of the segments, how many were there before. */
  readonly resumed: number;
}

export async function readPeople(parts: ReadParts): Promise<SeenPeople> {
  const { video, segments, checkpoints, signal } = parts;
  const record = createSeenRecord();
  const warnings = new Set<string>();
  let done = 0;
  let carry: unknown;
  let layout: LayoutName | undefined;
  const take = (segment: Checkpoint) => {
    carry = segment.carry;
    layout ??= segment.layout;
    record.add(segment.moments);
    for (const warning of segment.warnings) warnings.add(warning);
    done += 1;
  };
  while (done < segments.length) {
    signal.throwIfAborted();
    const kept = await checkpoints.read(done);
    // Behind a segment that is read anew people may have other numbers than when the later ones were.
    if (!kept) break;
    take(kept);
  }
  const resumed = done;
  for await (const segment of readSegments(parts, resumed, carry)) {
    await checkpoints.write(done, segment);
    take(segment);
  }
  for (const warning of video.warnings()) warnings.add(warning);
  return { layout, record, warnings: [...warnings], resumed };
}

/**
 * All segments from `first` on. The video is read in one go and cut: to begin anew for each would leave the threads that
 * look at it without work meanwhile, and its frames' memory to a garbage collector that does not feel how large it is.
 */
async function* readSegments(
  { video, segments, signal, onProgress }: ReadParts,
  first: number,
  carried: unknown,
): AsyncGenerator<Checkpoint> {
  const rest = segments.slice(first);
  const [begin] = rest;
  if (!begin) return;
  const moments = video.read(begin.fromMs, carried, signal)[Symbol.asyncIterator]();
  let carry = carried;
  try {
    let next = await moments.next();
    for (const [index, { fromMs, toMs }] of rest.entries()) {
      const lengthMs = Math.min(toMs, video.durationMs) - fromMs;
      const own: SeenMoment[] = [];
      let layout: LayoutName | undefined;
      onProgress(first + index, 0);
      for (; !next.done && next.value.timeMs < toMs; next = await moments.next()) {
        const { carry: behind, layout: known, ...moment } = next.value;
        carry = behind;
        layout ??= known;
        own.push(compact(moment));
        onProgress(first + index, Math.min(1, (moment.timeMs - fromMs) / lengthMs));
      }
      signal.throwIfAborted();
      yield { moments: own, warnings: video.warnings(), layout, carry };
    }
  } finally {
    await moments.return?.();
  }
}

/** Hundredths of a pixel and thousandths of confidence are finer than any model is. */
function compact({ timeMs, people }: SeenMoment): SeenMoment {
  const short = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    timeMs,
    people: people.map(({ id, box, keypoints }) => ({
      id,
      box: {
        ...{ x_min: short(box.x_min, 1), y_min: short(box.y_min, 1) },
        ...{ x_max: short(box.x_max, 1), y_max: short(box.y_max, 1) },
      },
      keypoints: keypoints.map(
        (one) => one?.map((value, index) => short(value, index === one.length - 1 ? 3 : 2)) ?? null,
      ),
    })),
  };
}
