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
  const byWorker = new Map<string, HeldJob[]>();

  function drop(workerId: string, jobId: string): void {
    const held = byWorker.get(workerId);
    const at = held?.findIndex((one) => one.jobId === jobId) ?? -1;
    if (!held || at < 0) return;
    held.splice(at, 1);
    if (held.length === 0) byWorker.delete(workerId);
  }

  return {
    watch({ before, after }: Pick<Transition, 'before' | 'after'>): void {
      if (before.lease && before.lease.workerId !== after.lease?.workerId)
        drop(before.lease.workerId, before.id);
      if (!after.lease || before.lease?.wireId === after.lease.wireId) return;
      const { workerId, wireId } = after.lease;
      drop(workerId, after.id);
      const one = { jobId: after.id, wireId, endpoint: after.endpoint, isSuspect: after.isSuspect };
      const held = byWorker.get(workerId);
      if (held) held.push(one);
      else byWorker.set(workerId, [one]);
    },
    of: (workerId: string): readonly HeldJob[] => [...(byWorker.get(workerId) ?? [])],
    hasSuspect(workerId: string): boolean {
      return byWorker.get(workerId)?.some((job) => job.isSuspect) ?? false;
    },
    count: (workerId: string): number => byWorker.get(workerId)?.length ?? 0,
    workers: (): readonly string[] => [...byWorker.keys()],
  };
}
