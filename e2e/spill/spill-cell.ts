import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';
import { LOCAL_WORKER, type LocalState, setLocal } from './local-states.ts';
import { type RemoteState, setRemote } from './remote-states.ts';

/**
 * One cell of the fault matrix: jobs come while both sides are as the cell says; then RunPod recovers, and all of them
 * must end; then the workers here recover, and jobs must come home; then RunPod fails once more, and nobody may notice.
 */
export interface CellReport {
  readonly local: LocalState;
  readonly remote: RemoteState;
  readonly jobs: number;
  readonly completed: number;
  /** Ended with a reason that is true: their worker was lost, or their time was over. */
  readonly failed: number;
  /** How long after the rule's time jobs were routed, the latest of those that nothing else held back. */
  readonly spillLateMs: number;
  /** From the recovery of the workers here until a job that was submitted after it ended here. */
  readonly homeMs: number;
  /** Attempts here that began after the recovery and came to nothing. */
  readonly vainProbes: number;
  /** Broken promises, as sentences; empty when all is well. */
  readonly broken: readonly string[];
}

const QUEUE_DELAY_MS = 1_000;
const FAULTY_MS = 4_000;
const END_WITHIN_MS = 60_000;
const HOME_WITHIN_MS = 60_000;
const PROBE_EVERY_MS = 500;

const THERE = nodeWorker(`return { where: 'there', token: job.input.token };`);

interface Health {
  readonly workers: { readonly idle: number };
}

interface Attempt {
  readonly number: number;
  readonly outcome: string;
  readonly startedAt: number;
  readonly route: { readonly backend: string; readonly code: string };
}

interface Detail {
  readonly id: string;
  readonly status: string;
  readonly createdAt: number;
  readonly output?: { readonly where: string; readonly token: string };
  readonly error?: string;
  readonly attempts: readonly Attempt[];
}

export async function runCell(local: LocalState, remote: RemoteState): Promise<CellReport> {
  const there = await startGateway(
    `endpoints:\n${nodeEndpoint('far', 'worker.mjs', '    workers: { min: 1, max: 2 }\n')}`,
    { 'worker.mjs': THERE },
  );
  const proxy = await startFaultProxy(there.url);
  const runpod = `{ runpod: { endpointId: far, apiKey: "${ADMIN_KEY}", baseUrl: "${proxy.url}/v2" } }`;
  const settings = `    workers: { max: 1, idleTimeout: 60s }
    executionTimeout: 5s
    cancelGrace: 1s
    backends: [process, ${runpod}]
    spill: { queueDelay: ${QUEUE_DELAY_MS}ms }
`;
  const here = await startGateway(
    `lease: { duration: 2s, heartbeat: 500ms }\nendpoints:\n${nodeEndpoint('near', 'worker.mjs', settings)}`,
    { 'worker.mjs': LOCAL_WORKER, mode: local },
  );
  try {
    return await new Cell({ local, remote, here, there, proxy }).run();
  } finally {
    await here.stop();
    await proxy.close();
    await there.stop();
  }
}

interface CellParts {
  readonly local: LocalState;
  readonly remote: RemoteState;
  readonly here: TestGateway;
  readonly there: TestGateway;
  readonly proxy: FaultProxy;
}

class Cell {
  readonly #parts: CellParts;
  readonly #jobs: { readonly id: string; readonly token: string }[] = [];
  readonly #broken: string[] = [];
  readonly #ends = new Map<string, string>();

  constructor(parts: CellParts) {
    this.#parts = parts;
  }

  async run(): Promise<CellReport> {
    const { local, remote, here, there, proxy } = this.#parts;
    // What both gateways do at their start would be measured, too.
    await until(async () => ((await (await there.call('/v2/far/health')).json()) as Health).workers.idle > 0);
    await setLocal(here, local);
    await setRemote(proxy, remote);
    for (let i = 0; i < 4; i += 1) await this.#submit();
    await pause(FAULTY_MS);
    await this.#submit();
    await setRemote(proxy, 'well');
    await this.#awaitEnds('RunPod was well again');
    const spillLateMs = await this.#spillLateness();
    await setLocal(here, 'well');
    const home = await this.#comeHome();
    await this.#awaitEnds('the workers here were well again');
    await setRemote(proxy, remote);
    for (let i = 0; i < 2; i += 1) await this.#submit();
    await this.#awaitEnds('only RunPod failed once more');
    await setRemote(proxy, 'well');
    const { completed, failed } = await this.#check();
    return {
      ...{ local, remote, jobs: this.#jobs.length, completed, failed, spillLateMs, ...home },
      broken: this.#broken,
    };
  }

  async #submit(): Promise<string> {
    const token = `token-${this.#jobs.length}`;
    const answer = await this.#parts.here.call('/v2/near/run', { json: { input: { token } } });
    const { id } = (await answer.json()) as { id: string };
    this.#jobs.push({ id, token });
    return id;
  }

  async #detail(id: string): Promise<Detail> {
    return (await (await this.#parts.here.call(`/v1/jobs/${id}`)).json()) as Detail;
  }

  async #awaitEnds(when: string): Promise<void> {
    const until = performance.now() + END_WITHIN_MS;
    for (const { id } of this.#jobs) {
      for (;;) {
        const { status, error, output } = await this.#detail(id);
        if (isOver(status)) {
          const end = JSON.stringify({ status, error, output });
          const before = this.#ends.get(id) ?? end;
          if (before !== end) this.#broken.push(`${id} ended twice: ${before}, then ${end}`);
          this.#ends.set(id, end);
          break;
        }
        if (performance.now() > until) {
          this.#broken.push(`${id} is still ${status} a minute after ${when}`);
          break;
        }
        await pause(50);
      }
    }
  }

  /** Since jobs may wait for good reasons while RunPod fails, only the first to go counts there. */
  async #spillLateness(): Promise<number> {
    const { local, remote, here } = this.#parts;
    const db = new DatabaseSync(join(here.folder, 'data', 'jobs.db'), { readOnly: true });
    const rows = db
      .prepare('SELECT job_id, routed_at, reason FROM remote_attempts WHERE number = 1 ORDER BY routed_at')
      .all();
    db.close();
    const late: number[] = [];
    for (const { job_id, routed_at, reason } of rows) {
      const isDelayed = (JSON.parse(String(reason)) as { code: string }).code === 'QUEUE_DELAY';
      if (!isDelayed && local !== 'stopped') continue;
      const { createdAt } = await this.#detail(String(job_id));
      late.push(Number(routed_at) - createdAt - (isDelayed ? QUEUE_DELAY_MS : 0));
    }
    const counted = remote === 'well' ? late : late.slice(0, 1);
    const latest = Math.max(0, ...counted);
    if (rows.length === 0) this.#broken.push('no job was routed to RunPod');
    return latest;
  }

  /** Jobs are sent until one of them ends here. */
  async #comeHome(): Promise<{ homeMs: number; vainProbes: number }> {
    const recoveredAt = Date.now();
    const sentAt = performance.now();
    const sent: string[] = [];
    for (;;) {
      sent.push(await this.#submit());
      await pause(PROBE_EVERY_MS);
      const details = await Promise.all(sent.map((id) => this.#detail(id)));
      const homeMs = performance.now() - sentAt;
      const isHome = details.some(({ output }) => output?.where === 'here');
      if (!isHome && homeMs < HOME_WITHIN_MS) continue;
      if (!isHome) this.#broken.push(`no job came home within ${HOME_WITHIN_MS / 1000} s`);
      const vain = details
        .flatMap(({ attempts }) => attempts)
        .filter(({ route, outcome, startedAt }) => {
          const isVain = !['completed', 'running', 'handed-back'].includes(outcome);
          return route.backend === 'local' && startedAt > recoveredAt && isVain;
        });
      if (vain.length > 0) this.#broken.push(`${vain.length} attempts here were in vain after the recovery`);
      return { homeMs, vainProbes: vain.length };
    }
  }

  /** Every job has one end that is right or true, by one attempt that counts. */
  async #check(): Promise<{ completed: number; failed: number }> {
    let failed = 0;
    await this.#awaitEnds('the end');
    for (const { id, token } of this.#jobs) {
      const { status, output, error = '', attempts } = await this.#detail(id);
      const counting = attempts.filter(({ outcome }) => outcome === 'completed').length;
      if (status === 'COMPLETED') {
        if (output?.token !== token)
          this.#broken.push(`${id} has another's result: ${JSON.stringify(output)}`);
        if (counting !== 1) this.#broken.push(`${id} has ${counting} attempts that count`);
        continue;
      }
      failed += 1;
      const isTrue = error.startsWith('job timed out after 1 retries') || error.includes('executionTimeout');
      const mayFail = ['hung', 'stuck', 'dying'].includes(this.#parts.local);
      if (status !== 'FAILED' || !isTrue || !mayFail || counting > 0)
        this.#broken.push(`${id} ended ${status} without need: ${error}`);
    }
    return { completed: this.#jobs.length - failed, failed };
  }
}

const isOver = (status: string) => ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'].includes(status);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
