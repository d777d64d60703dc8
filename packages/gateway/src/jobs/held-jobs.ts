import type { Transition } from './job-machine.ts';

/** A job that a worker runs now. */
export interface HeldJob {
  readonly jobId: string;
  readonly wireId: string;
  readonly endpoint: string;
  readonly isSuspect: boolean;
}

/** Which worker runs which jobs: a view of the store's leases, kept by watching every transition. */
export function createHeldJobs() {
  const byWorker = new Map<string, Map<string, HeldJob>>();

  function drop(workerId: string, jobId: string): void {
    const held = byWorker.get(workerId);
    held?.delete(jobId);
    if (held?.size === 0) byWorker.delete(workerId);
  }

  return {
    watch({ before, after }: Pick<Transition, 'before' | 'after'>): void {
      if (before.lease && before.lease.workerId !== after.lease?.workerId)
        drop(before.lease.workerId, before.id);
      if (!after.lease || before.lease?.wireId === after.lease.wireId) return;
      const held = byWorker.get(after.lease.workerId) ?? new Map<string, HeldJob>();
      byWorker.set(after.lease.workerId, held);
      held.set(after.id, {
        jobId: after.id,
        wireId: after.lease.wireId,
        endpoint: after.endpoint,
        isSuspect: after.isSuspect,
      });
    },
    of: (workerId: string): readonly HeldJob[] => [...(byWorker.get(workerId)?.values() ?? [])],
    hasSuspect(workerId: string): boolean {
      for (const job of byWorker.get(workerId)?.values() ?? []) if (job.isSuspect) return true;
      return false;
    },
    count: (workerId: string): number => byWorker.get(workerId)?.size ?? 0,
    workers: (): readonly string[] => [...byWorker.keys()],
  };
}
