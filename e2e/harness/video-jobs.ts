import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createClient } from '@spillway/sdk/client';
import { type GatewayProcess, until } from './gateway-process.ts';
import { runningProcesses } from './running-processes.ts';
import { ADMIN_KEY } from './start-gateway.ts';

/** Whole video jobs by the API, action by action, as a program that isn't ours would do them. */
export interface VideoStatus {
  readonly job_id: string;
  readonly status: 'processing' | 'completed' | 'failed';
  readonly state: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly results?: { readonly json_url?: string; readonly files?: readonly { readonly kind: string }[] };
}

export interface VideoRun {
  /** Of the start, where it was refused. */
  readonly refusal?: string;
  /** Of the job that processes it: its end in the queue, and what it says of it. */
  readonly job?: { readonly status: string; readonly error?: string | undefined };
  readonly status?: VideoStatus;
}

/** Per second and joint, as the JSON result has it. */
export interface VideoSamples {
  readonly [column: string]: readonly (number | null)[];
}

export function createVideoCaller(gateway: () => GatewayProcess, apiKey = ADMIN_KEY) {
  const client = () => createClient({ baseUrl: `${gateway().url}/v2`, apiKey });

  async function act(
    input: Record<string, unknown>,
    endpoint = 'ergonomics',
  ): Promise<Record<string, unknown>> {
    const { id } = await client().endpoint(endpoint).run(input);
    const { status, output, error } = await client().endpoint(endpoint).waitForJob(id);
    if (status !== 'COMPLETED') throw new Error(`the action is ${status}: ${error}`);
    return output as Record<string, unknown>;
  }
  async function upload(bytes: Buffer, name: string): Promise<string> {
    const slice = (from: number, to: number) => new Uint8Array(bytes.subarray(from, to));
    return (await client().artifacts.upload({ name, sizeBytes: bytes.length, slice })).key;
  }
  return {
    act,
    upload,
    /** From its start to its end. */
    async process(videoKey: string, more: object = {}): Promise<VideoRun> {
      const started = await act({ action: 'start_processing', video_key: videoKey, quality: 'low', ...more });
      if (started.status === 'error') return { refusal: String(started.error) };
      const { job_id: jobId, process_job_id: processJobId } = started;
      const job = await client().endpoint('ergonomics').waitForJob(String(processJobId));
      const { job_status: status } = await act({ action: 'get_status', job_id: jobId });
      return {
        job: { status: job.status, error: job.error },
        status: status as VideoStatus,
      };
    },
    async samples({ results }: VideoStatus): Promise<VideoSamples> {
      const reply = await fetch(results?.json_url ?? '');
      return ((await reply.json()) as { samples: VideoSamples }).samples;
    },
  };
}

const ARTIFACTS = 'data/artifacts';
const JOB_FILE = /^(?:objects|meta)\/(?:status|results)\/job_([0-9a-f-]{36})(\.|\/)/;

/** What video jobs leave behind where something goes wrong: programs, temporary files, segments, results of failed jobs. */
function leftoversOf(folder: string, temporary: string): string[] {
  const programs = runningProcesses()
    .map(({ pid, command }) => `${pid} ${command}`)
    .filter((line) => /\bff(mpeg|probe)\b/.test(line) && line.includes(folder));
  // Of Node itself, which keeps what it compiled.
  const files = readdirSync(temporary).filter((name) => name !== 'node-compile-cache');
  const place = join(folder, ARTIFACTS);
  const kept = readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => relative(place, join(one.parentPath, one.name)))
    .filter((name) => !mayStay(folder, name));
  return [...programs, ...files, ...kept];
}

/** Uploads may be processed again; how a job ended is told until its retention is over, and so is what it made. */
function mayStay(folder: string, name: string): boolean {
  if (/^(objects|meta)\/(uploads\/|status\/upload_)/.test(name)) return true;
  const [, jobId, end] = JOB_FILE.exec(name) ?? [];
  if (jobId === undefined) return false;
  if (name.includes('/status/')) return end === '.';
  const file = join(folder, ARTIFACTS, 'objects/status', `job_${jobId}.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { status: string }).status === 'completed';
}

/** Throws with what is left where that does not go away. */
export async function expectNothingLeft(folder: string, temporary: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  let left: string[] = [];
  await until(() => {
    left = leftoversOf(folder, temporary);
    return left.length === 0 || Date.now() > deadline;
  });
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
}
