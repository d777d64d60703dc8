import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArtifactStore } from '@spillway/artifacts';
import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import { type Handler, type HandlerRun, type RunHandlerOptions, runHandler } from '@spillway/sdk/worker';
import { createErgonomicsHandler } from '../src/ergonomics/handler.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';
import type { FollowUpJobs, JobState } from '../src/ergonomics/video-jobs/follow-up-jobs.ts';
import type { PeopleSource, SeenMoment } from '../src/ergonomics/video-jobs/people-source.ts';
import { createVideoJobs } from '../src/ergonomics/video-jobs/video-jobs.ts';
import { readVideoSettings } from '../src/ergonomics/video-jobs/video-settings.ts';
import { createFolderStore, fileOfKey } from '../src/storage/folder-store.ts';

/** Video jobs with people who are drawn, not filmed: what is tested is the jobs. */
export interface Scene {
  readonly seconds: number;
  readonly momentAt: (t: number) => SeenMoment['people'];
  /** Called before each sample. */
  readonly onSample?: (t: number) => Promise<void> | void;
}

const box = { x_min: 300, y_min: 100, x_max: 500, y_max: 900 };
export const bending = (t: number): SeenMoment['people'] => {
  const trunk = 30 + 30 * Math.sin(t);
  const angles = { trunk, neck: 5, leftArm: 20, rightArm: 30, elbow: 70, knee: 10 };
  return [{ id: 1, box, keypoints: drawMannequin(angles) }];
};

export interface ScenePeople extends PeopleSource {
  /** Times of all samples, and those from which on they were asked for; milliseconds. */
  readonly read: number[];
  readonly starts: number[];
}

export function createScenePeople(scene: Scene): ScenePeople {
  const [read, starts]: [number[], number[]] = [[], []];
  return {
    ...{ read, starts },
    models: [{ role: 'pose', id: 'drawn', demo: true }],
    open: async (_file, { samplesPerSecond }) => ({
      ...{ durationMs: scene.seconds * 1000, widthPx: 960, heightPx: 540, warnings: () => [] },
      // As those of a film in 4K.
      shownWidthPx: 3840,
      async *read(fromMs, carried, signal) {
        starts.push(fromMs);
        // Who was carried over goes on: a count of samples stands for the tracker.
        let carry = (carried as number | undefined) ?? 0;
        for (let at = Math.ceil((fromMs / 1000) * samplesPerSecond); ; at += 1) {
          const timeMs = (at / samplesPerSecond) * 1000;
          if (timeMs >= scene.seconds * 1000) return;
          await scene.onSample?.(timeMs / 1000);
          signal.throwIfAborted();
          read.push(timeMs);
          carry += 1;
          yield { timeMs, people: scene.momentAt(timeMs / 1000), layout: 'coco17', carry };
        }
      },
    }),
  };
}

/** A server of jobs in memory: submitted ones run when they are told to. */
export function createFakeServer() {
  const jobs = new Map<string, { input: Record<string, unknown>; state: JobState }>();
  const followUps: FollowUpJobs = {
    place: 'fake',
    async submit(_from, input) {
      const id = `process-${jobs.size + 1}`;
      jobs.set(id, { input, state: { status: 'IN_QUEUE' } });
      return id;
    },
    state: async (id) => jobs.get(id)?.state,
    async cancel(id) {
      const job = jobs.get(id);
      if (job) job.state = { status: 'CANCELLED' };
    },
  };
  return { jobs, followUps };
}

export interface Bench {
  readonly folder: string;
  readonly store: ArtifactStore;
  readonly server: ReturnType<typeof createFakeServer>;
  readonly people: ReturnType<typeof createScenePeople>;
  run(input: Record<string, unknown>, options?: RunHandlerOptions): Promise<HandlerRun>;
  /** Output of an action that must not fail its job. */
  act(input: Record<string, unknown>, options?: RunHandlerOptions): Promise<Record<string, never>>;
  /** Uploads bytes that begin as an MP4 does, and answers their key. */
  upload(bytes?: Buffer, filename?: string, options?: RunHandlerOptions): Promise<string>;
  /** Runs the submitted processing job as the server would. */
  process(id: string, options?: RunHandlerOptions): Promise<HandlerRun>;
  /** The same with another worker. */
  processElsewhere(id: string, options?: RunHandlerOptions): Promise<HandlerRun>;
  keys(prefix: string): Promise<string[]>;
  remove(): Promise<void>;
}

export interface BenchOptions {
  readonly clock?: Clock;
  readonly isAlone?: boolean;
  readonly env?: Record<string, string>;
  /** In the place of a folder. */
  readonly store?: ArtifactStore;
  /** In the place of drawn people. */
  readonly source?: PeopleSource;
}

export const mp4 = () => Buffer.concat([Buffer.from('\0\0\0\x20ftypisom', 'latin1'), randomBytes(500)]);

export async function openBench(scene: Scene, options: BenchOptions = {}): Promise<Bench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-video-job-'));
  const clock = options.clock ?? createSystemClock();
  const store = options.store ?? createFolderStore(folder, clock);
  const server = createFakeServer();
  const people = createScenePeople(scene);
  const newHandler = () =>
    createErgonomicsHandler(
      createVideoJobs({
        ...{ store, clock, settings: readVideoSettings({ VIDEO_SEGMENT_S: '10', ...options.env }) },
        fileOf: (key) => (options.store ? undefined : fileOfKey(folder, key)),
        followUps: options.isAlone ? undefined : server.followUps,
        loadPeople: async () => options.source ?? people,
      }),
    );
  const handler = newHandler();
  const run: Bench['run'] = (input, more) => runHandler(handler, input, more);
  const act: Bench['act'] = async (input, more) => {
    const done = await run(input, more);
    if (done.status !== 'COMPLETED') throw new Error(`the job is ${done.status}: ${done.error}`);
    return done.output as Record<string, never>;
  };
  async function process(by: Handler, id: string, more: RunHandlerOptions = {}): Promise<HandlerRun> {
    const job = server.jobs.get(id);
    if (!job) throw new Error(`no job ${id}`);
    job.state = { status: 'IN_PROGRESS' };
    const done = await runHandler(by, job.input, { jobId: id, ...more });
    if (done.status !== 'CANCELLED') job.state = { status: done.status, error: done.error };
    return done;
  }
  return {
    ...{ folder, store, server, people, run, act },
    async upload(bytes = mp4(), filename = 'walk.mp4', more = {}) {
      const asked = { action: 'generate_upload_url', filename };
      const { upload_url: url, video_key: key } = await act(asked, more);
      await send(String(url), bytes);
      return key as unknown as string;
    },
    process: (id, more) => process(handler, id, more),
    processElsewhere: (id, more) => process(newHandler(), id, more),
    async keys(prefix) {
      const found: string[] = [];
      for await (const { key } of store.list(prefix)) found.push(key);
      return found.toSorted();
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** As a caller does with a URL that was signed for it. */
async function send(url: string, bytes: Buffer): Promise<void> {
  if (url.startsWith('file:')) {
    const file = fileURLToPath(url);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
    return;
  }
  const reply = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  if (!reply.ok) throw new Error(`the upload was refused (${reply.status}): ${await reply.text()}`);
}
