import { rm } from 'node:fs/promises';
import type { ArtifactStore } from '@spillway/artifacts';
import { tooLongForQuality } from '@spillway/protocol/ergonomics';
import type { Clock } from '@spillway/sdk/clock';
import {
  choosePerson,
  NobodySeenError,
  NoSuchPersonError,
  type SeenSample,
} from '../../pose/choose-person.ts';
import type { UsedModel } from '../results/result.ts';
import { createCheckpoints, deleteAll } from './checkpoints.ts';
import { fetchVideo } from './fetch-video.ts';
import type { FollowUpJobs } from './follow-up-jobs.ts';
import type { MadeResults } from './make-results.ts';
import { makeResultsAside } from './make-results-aside.ts';
import { createOverlayCheckpoints } from './overlay-checkpoints.ts';
import { createPatience, isAway, type Patiently, patientStore } from './patience.ts';
import { type OpenVideo, type PeopleSource, VideoRefusal } from './people-source.ts';
import { QUALITIES, type QualityName } from './quality.ts';
import { readPeople } from './read-people.ts';
import { reconcile } from './reconcile.ts';
import { saveResult } from './save-results.ts';
import { asNoRoom, createScratch, NoRoomError } from './scratch.ts';
import { planSegments } from './segments.ts';
import type { StatusFiles } from './status-files.ts';
import type { Progress, ResultEntry, StatusRecord } from './status-record.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';
import { videoDetails } from './video-details.ts';
import { pickleKey, resultKey } from './video-keys.ts';
import type { VideoSettings } from './video-settings.ts';

/**
 * One attempt at processing a video: takes the job's status over, goes through the segments that are not done yet, scores
 * the chosen person, writes the results, and ends the status. What is wrong with the video ends it as failed and leaves
 * nothing behind; a lost store or worker leaves the finished segments for whoever goes on.
 */
export interface ProcessParts {
  readonly store: ArtifactStore;
  readonly files: StatusFiles;
  readonly people: PeopleSource;
  /** Knows what has become of the job; undefined where nobody does. */
  readonly followUps: FollowUpJobs | undefined;
  readonly settings: VideoSettings;
  readonly clock: Clock;
  readonly log: { warn(message: string): void };
  /** Of what lies on this machine: the file itself. */
  fileOf(key: string): string | undefined;
}

export interface Attempt {
  readonly jobId: string;
  readonly token: string;
  /** Names this attempt among all. */
  readonly writer: string;
  readonly processJobId?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (value: Progress) => void;
}

/** The job ended otherwise than by this attempt; the record says how. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
  readonly record: StatusRecord | undefined;

  constructor(record: StatusRecord | undefined) {
    super(record ? `the job is ${record.status}` : 'there is no such job');
    this.record = record;
  }
}

/** @throws VideoRefusal, SupersededError, the signal's reason, and what went wrong otherwise. */
export async function processVideo(parts: ProcessParts, attempt: Attempt): Promise<StatusRecord> {
  const folder = await createScratch();
  try {
    return await processIn(folder, parts, attempt);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function processIn(folder: string, parts: ProcessParts, attempt: Attempt): Promise<StatusRecord> {
  const { files, clock, log } = parts;
  const { jobId, token, writer, processJobId } = attempt;
  const patience = { clock, log };
  const begun = await createPatience({ ...patience, signal: attempt.signal })(() =>
    files.apply(jobId, { type: 'begun', token, writer, processJobId }),
  );
  if (!begun?.isApplied) throw new SupersededError(begun?.record);
  const status = createStatusWriter({
    ...{ files, jobId, writer, clock },
    onProblem: (error) => log.warn(`the status could not be written: ${String(error)}`),
  });
  const signal = AbortSignal.any([attempt.signal, status.fenced]);
  const patiently = createPatience({ ...patience, signal });
  const store = patientStore(parts.store, patiently);
  try {
    const end = await run({ ...parts, store }, begun.record, {
      ...{ folder, signal, patiently },
      onProgress: (value) => {
        status.progress(value);
        attempt.onProgress(value);
      },
    });
    const record = await patiently(() => status.finish({ type: 'completed', writer, ...end }));
    if (!record) throw new SupersededError(await files.read(jobId));
    await clearSegments(parts, jobId);
    return record;
  } catch (error) {
    await status.stop();
    throw await endBadly(parts, attempt, status, asNoRoom(error));
  }
}

/** Of a job that is over. What can't be deleted now its retention deletes: it undoes nothing of what was written. */
export async function clearSegments(
  { store, log }: Pick<ProcessParts, 'store' | 'log'>,
  jobId: string,
): Promise<void> {
  await createCheckpoints(store, jobId, '')
    .clear()
    .catch((error: unknown) => log.warn(`segments could not be deleted: ${String(error)}`));
}

/** What is told of an attempt that did not get to the end. */
async function endBadly(
  parts: ProcessParts,
  { jobId, writer, signal }: Attempt,
  status: StatusWriter,
  error: unknown,
): Promise<unknown> {
  const { store, files, log } = parts;
  if (status.fenced.aborted) {
    const record = await files.read(jobId);
    // Whoever took over works with what is there; after a cancellation nobody does.
    if (!record || record.status === 'cancelled') await forget(store, jobId);
    return new SupersededError(record);
  }
  if (signal.aborted) {
    await clearStopped(parts, jobId).catch((problem: unknown) =>
      log.warn(`what became of the job that was stopped is not known yet: ${String(problem)}`),
    );
    return signal.reason;
  }
  const message = error instanceof Error ? error.message : String(error);
  const advice =
    isAway(error) || error instanceof NoRoomError
      ? '. Start it again when that is mended; it goes on behind its last segment.'
      : '';
  const sentence = error instanceof VideoRefusal ? message : `The processing failed: ${message}${advice}`;
  // Some of the results are none. Segments are for whoever starts it again.
  await forgetResults(store, jobId).catch((problem: unknown) =>
    log.warn(`results of a job that failed could not be deleted: ${String(problem)}`),
  );
  // Where it can't be written it is read from the job, which fails with the same.
  await status
    .finish({ type: 'failed', writer, error: sentence })
    .catch((problem: unknown) => log.warn(`the end could not be written: ${String(problem)}`));
  if (error instanceof VideoRefusal) await clearSegments(parts, jobId);
  return error;
}

/**
 * Why an attempt was stopped the server knows, which is asked: a job that is cancelled leaves nothing, not even what was
 * still being written when it was; one that goes on elsewhere keeps its segments.
 */
async function clearStopped(parts: ProcessParts, jobId: string): Promise<void> {
  const found = await parts.files.read(jobId);
  const record = found && (await reconcile({ ...parts, lostAfterMs: parts.settings.lostAfterMs }, found));
  if (!record || record.status === 'cancelled') await forget(parts.store, jobId);
}

/** Segments and results of a job that will have none. */
export async function forget(store: ArtifactStore, jobId: string): Promise<void> {
  await createCheckpoints(store, jobId, '').clear();
  await forgetResults(store, jobId);
}

async function forgetResults(store: ArtifactStore, jobId: string): Promise<void> {
  await deleteAll(store, resultKey(jobId, ''));
  await store.delete(pickleKey(jobId));
}

interface Run {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly patiently: Patiently;
  readonly onProgress: (value: Progress) => void;
}

interface End {
  readonly results: readonly ResultEntry[];
  readonly resultKey: string;
  readonly warnings: readonly string[];
  readonly models: readonly UsedModel[];
}

/** Changes with what is drawn on frames, so that no video is drawn in two ways. */
const DRAWN_BY = 'overlay-1';

/** Shares of the bar: most of the time goes into looking at every sample. */
const FETCHING = { from: 5, to: 10 };
const READING = { from: 10, to: 80 };
const DRAWING = { from: 82, to: 99 };

async function run(
  parts: ProcessParts,
  record: StatusRecord,
  { folder, signal, patiently, onProgress }: Run,
): Promise<End> {
  const { people, store, settings } = parts;
  const { job_id: jobId, settings: wanted } = record;
  const file = await fetchVideo(parts, record.video, { folder, signal, patiently }, (share) =>
    onProgress({ progress: between(FETCHING, share), stage: 'fetching the video' }),
  );
  const video = await people.open(file, QUALITIES[wanted.quality], signal);
  refuseLong(video, settings, wanted.quality);
  const followed = await followPerson(parts, record, video, { signal, patiently, onProgress });
  const made = await makeAll(parts, record, { video, followed }, { folder, signal, patiently, onProgress });
  const results: ResultEntry[] = [];
  for (const one of made.files) {
    signal.throwIfAborted();
    results.push(await saveResult(store, jobId, one, { patiently, signal }));
  }
  signal.throwIfAborted();
  return {
    results,
    resultKey: pickleKey(jobId),
    warnings: made.warnings,
    models: people.models,
  };
}

/** Report, tables, pictures and overlay, of which the pieces that were drawn before are taken as they are. */
async function makeAll(
  { people, store, settings, log }: ProcessParts,
  record: StatusRecord,
  { video, followed }: { video: OpenVideo; followed: Awaited<ReturnType<typeof followPerson>> },
  { folder, signal, patiently, onProgress }: Run,
): Promise<MadeResults> {
  const { job_id: jobId, settings: wanted } = record;
  const { track, layout, basis, warnings } = followed;
  const { drawing, durationMs } = video;
  const endsMs = planSegments(durationMs, settings.segmentMs).map(({ toMs }) => toMs);
  const drawnBy = [basis, track.person, drawing?.video.stored.ffmpegVersion, DRAWN_BY].join(' ');
  const kept = createOverlayCheckpoints(store, jobId, { basis: drawnBy, signal, patiently, log });
  const isDrawn = drawing !== undefined && wanted.overlay;
  const overlay = isDrawn ? { endsMs, done: await kept.fetch(folder, endsMs.length) } : undefined;
  const about = {
    details: videoDetails(record, video, { person: track.person, among: followed.among }),
    warnings,
  };
  try {
    return await makeResultsAside(
      {
        ...{ track, layout, settings: wanted, models: people.models, about },
        ...{ drawing, overlay, folder },
      },
      {
        signal,
        onStage: (stage, share) => onProgress({ progress: between(DRAWING, share), stage }),
        // Behind the last one there is nothing to go on with.
        onPiece: (at, file) => (at < endsMs.length - 1 ? kept.keep(at, file) : undefined),
      },
    );
  } finally {
    await kept.settled();
  }
}

/** The chosen person in every sample; what was seen of all the others is let go before anything is made of it. */
async function followPerson(
  { people, store, settings }: ProcessParts,
  { job_id: jobId, settings: wanted, video: { etag } }: StatusRecord,
  video: OpenVideo,
  { signal, patiently, onProgress }: Omit<Run, 'folder'>,
) {
  const segments = planSegments(video.durationMs, settings.segmentMs);
  const basis = [etag, wanted.quality, modelsOf(people), settings.segmentMs].join(' ');
  const checkpoints = createCheckpoints(store, jobId, basis);
  const seen = await readPeople({
    ...{ video, segments, signal },
    checkpoints: { ...checkpoints, read: (segment) => patiently(() => checkpoints.read(segment)) },
    onProgress: (done, share) =>
      onProgress({
        ...{ progress: between(READING, (done + share) / segments.length), stage: 'looking for postures' },
        segments: { done, total: segments.length },
      }),
  });
  onProgress({
    ...{ progress: READING.to, stage: 'scoring' },
    segments: { done: segments.length, total: segments.length },
  });
  const { id, among } = chooseOne(shown(seen.record.samples(), video), wanted, people);
  return {
    ...{ track: seen.record.trackOf(id), layout: seen.layout ?? ('coco17' as const) },
    ...{ warnings: seen.warnings, basis, among },
  };
}

const modelsOf = ({ models }: PeopleSource) => models.map(({ id }) => id).join('+');

function chooseOne(
  samples: Iterable<SeenSample>,
  { person, quality }: StatusRecord['settings'],
  { models }: PeopleSource,
) {
  try {
    return choosePerson(samples, person);
  } catch (error) {
    if (!(error instanceof NoSuchPersonError)) throw error;
    const advice = error instanceof NobodySeenError ? adviceOnNobody(models, quality) : '';
    throw new VideoRefusal(`${error.message}${advice}`, { cause: error });
  }
}

function adviceOnNobody(models: readonly UsedModel[], quality: QualityName): string {
  const demo = models.filter((one) => one.demo).map(({ id }) => id);
  if (demo.length > 0)
    return ` It was looked at with demo models (${demo.join(', ')}), which know drawn mannequins only; add models that know people (docs/models.md).`;
  return quality === 'ultra' ? '' : ' Where people are small in the picture, a higher quality finds them.';
}

/** With boxes in pixels of the video itself, whatever size the pictures have that were looked at. */
function* shown(samples: Iterable<SeenSample>, { widthPx, shownWidthPx }: OpenVideo): Generator<SeenSample> {
  const scale = shownWidthPx / widthPx;
  const scaled = ({ x_min, y_min, x_max, y_max }: SeenSample['people'][number]['box']) => ({
    ...{ x_min: x_min * scale, y_min: y_min * scale, x_max: x_max * scale, y_max: y_max * scale },
  });
  for (const { timeMs, people } of samples)
    yield { timeMs, people: people.map(({ id, box }) => ({ id, box: scaled(box) })) };
}

const between = ({ from, to }: { from: number; to: number }, share: number) =>
  Math.floor(from + (to - from) * Math.min(1, share));

function refuseLong({ durationMs }: OpenVideo, { maxHours }: VideoSettings, quality: QualityName): void {
  const hours = durationMs / 3_600_000;
  const problem =
    hours > maxHours
      ? `The video is ${hours.toFixed(1)} hours long; at most ${maxHours} are taken (VIDEO_MAX_HOURS).`
      : tooLongForQuality(durationMs, quality);
  if (problem !== undefined) throw new VideoRefusal(problem);
}
