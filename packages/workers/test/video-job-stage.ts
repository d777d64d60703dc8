import { afterEach, expect } from 'vitest';
import { type Bench, bending, openBench, type Scene } from './video-job-bench.ts';

/** The actions on videos as their callers see them, in a folder and with drawn people; a test has one bench, which goes with it. */
export function createVideoJobStage() {
  let bench: Bench | undefined;
  afterEach(() => bench?.remove());
  const opened = (): Bench => {
    if (!bench) throw new Error('the test opens it first');
    return bench;
  };
  return {
    get bench() {
      return opened();
    },
    open: async (scene: Partial<Scene> = {}, options: Parameters<typeof openBench>[1] = {}) => {
      bench = await openBench({ seconds: 45, momentAt: bending, ...scene }, options);
    },
    async statusOf(jobId: unknown) {
      const { status, job_status } = await opened().act({ action: 'get_status', job_id: jobId });
      expect(status).toBe('success');
      return job_status as unknown as VideoJobStatus;
    },
    start: (key: string, more: object = {}, jobId = 'start-1') =>
      opened().act({ action: 'start_processing', video_key: key, ...more }, { jobId }) as Promise<
        Record<string, string>
      >,
  };
}

interface VideoJobStatus {
  readonly [name: string]: unknown;
  readonly status: string;
  readonly state: string;
  readonly progress: number;
  readonly error?: string;
  readonly results?: Record<string, string>;
}
