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
  let resumed = 0;
  let carry: unknown;
  let layout: LayoutName | undefined;
  let isBehindKept = true;
  for (const [at, range] of segments.entries()) {
    signal.throwIfAborted();
    // Behind a segment that is read anew people may have other numbers than when the later ones were.
    const kept = isBehindKept ? await checkpoints.read(at) : undefined;
    const segment = kept ?? (await readSegment(parts, at, range, carry));
    carry = segment.carry;
    layout ??= segment.layout;
    if (kept) resumed += 1;
    else isBehindKept = false;
    record.add(segment.moments);
    for (const warning of segment.warnings) warnings.add(warning);
  }
  for (const warning of video.warnings()) warnings.add(warning);
  return { layout, record, warnings: [...warnings], resumed };
}

async function readSegment(
  { video, checkpoints, signal, onProgress }: ReadParts,
  at: number,
  range: TimeRange,
  carried: unknown,
): Promise<Checkpoint> {
  const moments: SeenMoment[] = [];
  const lengthMs = Math.min(range.toMs, video.durationMs) - range.fromMs;
  let carry = carried;
  let layout: LayoutName | undefined;
  onProgress(at, 0);
  for await (const { carry: next, layout: own, ...moment } of video.read(range, carried, signal)) {
    carry = next;
    layout ??= own;
    moments.push(compact(moment));
    onProgress(at, Math.min(1, (moment.timeMs - range.fromMs) / lengthMs));
  }
  signal.throwIfAborted();
  const segment = { moments, warnings: video.warnings(), layout, carry };
  await checkpoints.write(at, segment);
  return segment;
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
