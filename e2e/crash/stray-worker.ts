import type { Link } from './load.ts';
import type { Random } from './random.ts';

/**
 * A worker from outside that survives every gateway and breaks the rules of its protocol: it reports twice with
 * different results, after its lease, in the wrong order, to the next gateway, or never. It sends no heartbeat. Beside
 * it a thief reports false results for jobs that it never had.
 */
export interface StrayWorkerOptions {
  readonly link: Link;
  readonly random: Random;
  readonly leaseMs: number;
  /** Ids of jobs that are on their way. */
  readonly openJobs: () => readonly string[];
}

interface Taken {
  readonly id: string;
  readonly input: { readonly n: number };
}

const WORKER = 'stray';
const THIEF = 'thief';
const PAUSE_MS = 10;

const rest = (ms = PAUSE_MS) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function startStrayWorker({ link, random, leaseMs, openJobs }: StrayWorkerOptions) {
  let reports = 0;
  const background = new Set<Promise<void>>();

  const result = (job: Taken) => {
    reports += 1;
    return { output: { twice: job.input.n * 2, run: `stray-${reports}` } };
  };

  /** The gateway may be gone, or another one may be there by now: a stray worker doesn't care. */
  async function report({ id }: Pick<Taken, 'id'>, body: object, worker = WORKER): Promise<void> {
    const gateway = await link.up();
    await gateway.call(`/v2/double/job-done/${worker}/${id}?gpu=cpu&isStream=false`, body);
  }

  async function steal(): Promise<void> {
    const jobs = openJobs();
    const id = jobs[random.between(0, jobs.length - 1)];
    if (id !== undefined) await report({ id }, { output: { twice: -1, run: 'stolen' } }, THIEF);
  }

  async function misbehave(job: Taken, before: Taken | undefined): Promise<void> {
    const taken = link.generation();
    switch (random.pick({ once: 8, twice: 4, late: 2, never: 2, nextGateway: 3, backwards: 3 })) {
      case 'once':
        return report(job, result(job));
      case 'twice':
        await report(job, result(job));
        return report(job, result(job));
      case 'late':
        await rest(leaseMs * 1.5);
        return report(job, result(job));
      case 'never':
        return;
      case 'nextGateway':
        while (link.generation() === taken && !link.isOver()) await rest();
        return report(job, result(job));
      case 'backwards':
        await report(job, result(job));
        // Progress of a job that has ended, and once more a result for the one before.
        await report(job, { status: 'IN_PROGRESS', output: 'late progress' });
        if (before) await report(before, result(before));
        return;
    }
  }

  async function take(): Promise<Taken | undefined> {
    const gateway = await link.up();
    const reply = await gateway.call(`/v2/double/job-take/${WORKER}?gpu=cpu&job_in_progress=0`);
    return reply.status === 200 ? ((await reply.json()) as Taken) : undefined;
  }

  async function run(): Promise<void> {
    let before: Taken | undefined;
    while (!link.isOver()) {
      const job = await take().catch(() => undefined);
      if (!job) {
        await rest();
        continue;
      }
      const one = misbehave(job, before)
        .catch(() => {})
        .then(() => void background.delete(one));
      background.add(one);
      before = job;
      await steal().catch(() => {});
      await rest(random.between(0, 50));
    }
  }

  const running = run();
  return {
    reports: () => reports,
    /** Resolves when the last gateway has gone. */
    async ended(): Promise<void> {
      await running;
      await Promise.all(background);
    },
  };
}
