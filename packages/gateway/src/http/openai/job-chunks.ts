import type { Job } from '../../jobs/job.ts';
import type { JobQueue } from '../../jobs/queue.ts';

export type ChunkNews =
  | { readonly type: 'chunks'; readonly chunks: readonly string[] }
  | { readonly type: 'ended'; readonly job: Job }
  /** Another attempt begins the answer anew, or the job was removed: what was read can't be continued. */
  | { readonly type: 'broken' };

/** Reads a job's chunks in order, each once, without draining them for RunPod's `/stream`. */
export function createChunkReader(queue: JobQueue, jobId: string) {
  let offset = 0;
  let attempt: number | undefined;

  async function readMore(): Promise<ChunkNews | undefined> {
    const chunks = await queue.readChunks(jobId, offset);
    if (chunks.length === 0) return undefined;
    offset += chunks.length;
    return { type: 'chunks', chunks };
  }

  return {
    /** What is new, or undefined where the job only goes on. */
    async look(): Promise<ChunkNews | undefined> {
      // The job may hold a large input, so it is read only where the chunks alone don't tell.
      if (offset === 0) attempt = (await queue.get(jobId))?.attempt;
      const more = await readMore();
      if (more) return more;
      const job = await queue.get(jobId);
      if (!job) return { type: 'broken' };
      if (offset > 0 && (job.status === 'IN_QUEUE' || job.attempt !== attempt)) return { type: 'broken' };
      if (job.finishedAt === undefined) return undefined;
      // The last chunk may have come between the two reads.
      return (await readMore()) ?? { type: 'ended', job };
    },
  };
}
