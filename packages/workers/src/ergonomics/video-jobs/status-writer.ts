import type { Clock } from '@spillway/sdk/clock';
import type { StatusFiles } from './status-files.ts';
import type { Progress, StatusEvent, StatusRecord } from './status-record.ts';

/**
 * The one who writes the status file while a job is processed: progress as it comes but no faster than R2 takes it, a sign
 * of life while nothing changes, and the end, which always gets there. As soon as another attempt has taken over, or the
 * job was cancelled, `fenced` aborts and nothing more is written.
 */
export interface StatusWriter {
  readonly fenced: AbortSignal;
  progress(value: Progress): void;
  /** Undefined where somebody else's word counts by now. */
  finish(event: StatusEvent): Promise<StatusRecord | undefined>;
  /** Writes nothing more; resolves when nothing is under way. */
  stop(): Promise<void>;
}

export interface StatusWriterOptions {
  readonly files: StatusFiles;
  readonly jobId: string;
  readonly writer: string;
  readonly clock: Clock;
  readonly onProblem: (error: unknown) => void;
}

/** R2 takes about one write a second of one key. */
const EVERY_MS = 2_000;
export const HEARTBEAT_MS = 15_000;
const END_TRIES = 6;

export function createStatusWriter({
  files,
  jobId,
  writer,
  clock,
  onProblem,
}: StatusWriterOptions): StatusWriter {
  const fenced = new AbortController();
  const stopping = new AbortController();
  let latest: Progress | undefined;
  let written: Progress | undefined;
  let poke = () => {};

  async function write(event: StatusEvent): Promise<StatusRecord | undefined> {
    const applied = await files.apply(jobId, event);
    if (applied?.isApplied) return applied.record;
    fenced.abort(new Error(reasonOf(applied?.record)));
    return undefined;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted && !fenced.signal.aborted) {
      if (latest === written) await nextChange();
      if (stopping.signal.aborted) return;
      const value = latest;
      if (value) {
        // What could not be written now is written with the next one.
        await write({ type: 'progressed', writer, ...value }).then(() => {
          written = value;
        }, onProblem);
      }
      await clock.sleep(EVERY_MS, stopping.signal);
    }
  }
  /** Until there is something to tell, or it is time for a sign of life. */
  async function nextChange(): Promise<void> {
    const changed = new AbortController();
    poke = () => changed.abort();
    await clock.sleep(HEARTBEAT_MS, AbortSignal.any([changed.signal, stopping.signal]));
  }
  const loop = run();

  async function stop(): Promise<void> {
    stopping.abort();
    await loop;
  }

  return {
    fenced: fenced.signal,
    progress(value) {
      // Stages that have none leave those before as they are, and these may not be written yet.
      const segments = value.segments ?? latest?.segments;
      latest = segments === undefined ? value : { ...value, segments };
      poke();
    },
    async finish(event) {
      await stop();
      for (let tries = 1; ; tries += 1) {
        try {
          return await write(event);
        } catch (error) {
          onProblem(error);
          if (tries === END_TRIES) throw error;
          await clock.sleep(EVERY_MS * tries);
        }
      }
    },
    stop,
  };
}

function reasonOf(record: StatusRecord | undefined): string {
  if (!record) return 'the status of the job was deleted';
  return record.status === 'processing' ? 'another attempt has taken over' : `the job is ${record.status}`;
}
