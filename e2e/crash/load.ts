import type { GatewayProcess } from '../harness/gateway-process.ts';
import type { Ledger, Reply } from './ledger.ts';
import type { Random } from './random.ts';

/** The gateway of the moment, which may die at any time. */
export interface Link {
  /** Waits while there is none; rejects when there will be none any more. */
  up(): Promise<GatewayProcess>;
  isOver(): boolean;
  /** How many gateways there were. */
  generation(): number;
}

export interface LoadOptions {
  readonly link: Link;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Address to which some jobs want their end told. */
  readonly webhook: string;
}

export type Load = ReturnType<typeof startLoad>;

const CLIENTS = 8;
/** No more acknowledged jobs than this wait at once, so that a check after a kill doesn't take long. */
const MOST_OPEN = 250;
const PAUSE_MS = 10;

const rest = () => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PAUSE_MS));

/** Clients that submit while there are gateways, and follow or cancel some of their jobs. */
export function startLoad({ link, ledger, random, webhook }: LoadOptions) {
  let isPaused = false;
  let next = 0;
  let cutOff = 0;
  let busy = 0;

  async function post(
    gateway: GatewayProcess,
    path: string,
    json: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply | undefined> {
    const reply = await gateway.call(path, json, headers);
    // A 503 while it stops, or an answer without its end, is no acknowledgement.
    return reply.ok ? ((await reply.json()) as Reply) : undefined;
  }

  async function submitOne(gateway: GatewayProcess): Promise<void> {
    next += 1;
    const n = next;
    const kind = random.pick({ run: 45, runsync: 15, follow: 10, cancel: 10, webhook: 10, once: 10 });
    // Some jobs are long enough to be hit while they run.
    const body = { input: { n, ms: random.pick({ '0': 4, '10': 4, '60': 2 }) } };
    if (kind === 'once') return submitOnce(n, body);
    const path = kind === 'runsync' ? 'runsync?wait=5000' : 'run';
    const hasWebhook = kind === 'webhook';
    const reply = await post(gateway, `/v2/double/${path}`, hasWebhook ? { ...body, webhook } : body);
    if (reply === undefined) return;
    ledger.acknowledged(reply.id, n, hasWebhook);
    ledger.saw(reply.id, reply);
    if (kind === 'follow') {
      const shown = await gateway.call(`/v2/double/status-sync/${reply.id}?wait=5000`);
      if (!shown.ok || !ledger.saw(reply.id, (await shown.json()) as Reply)) return;
      // Too late: an end that was seen stays, whatever is asked.
      await cancel(gateway, reply.id);
      await gateway.call(`/v2/double/retry/${reply.id}`, {});
    }
    if (kind === 'cancel') {
      ledger.cancelAsked(reply.id);
      await cancel(gateway, reply.id);
    }
  }

  async function cancel(gateway: GatewayProcess, id: string): Promise<void> {
    const reply = await post(gateway, `/v2/double/cancel/${id}`, {});
    if (reply) ledger.saw(id, reply);
  }

  /** Repeats its submit until it is acknowledged, whatever dies meanwhile, and once more: it is one job all the same. */
  async function submitOnce(n: number, body: object): Promise<void> {
    const tag = `once-${n}`;
    const submit = async () => {
      const gateway = await link.up();
      const asked = { ...body, endpoint: 'double', tags: [tag] };
      return post(gateway, '/v1/jobs', asked, { 'idempotency-key': tag });
    };
    let first: Reply | undefined;
    while (first === undefined && !link.isOver()) first = await submit().catch(() => rest());
    if (!first) return;
    ledger.acknowledged(first.id, n);
    const again = await submit();
    const listed = await (await link.up()).call(`/v1/jobs?tag=${tag}`);
    const { jobs } = (await listed.json()) as { jobs: unknown[] };
    if ((again && again.id !== first.id) || jobs.length !== 1)
      ledger.doubled(`${tag}: ${first.id}, then ${again?.id}; ${jobs.length} jobs of it`);
  }

  const isFull = () => ledger.open().length >= MOST_OPEN;

  async function client(): Promise<void> {
    while (!link.isOver()) {
      if (isPaused || isFull()) {
        await rest();
        continue;
      }
      const gateway = await link.up().catch(() => undefined);
      if (!gateway) return;
      busy += 1;
      await submitOne(gateway).catch(() => {
        cutOff += 1;
      });
      busy -= 1;
    }
  }

  const clients = Array.from({ length: CLIENTS }, client);
  return {
    /** No more is submitted before the next check: it sees how jobs ended that nobody follows. */
    isFull,
    /** Calls that a kill cut off: what they asked for was never acknowledged, and may or may not have happened. */
    cutOff: () => cutOff,
    /** Resolves when no call is on its way. */
    async pause(): Promise<void> {
      isPaused = true;
      while (busy > 0) await rest();
    },
    resume(): void {
      isPaused = false;
    },
    /** Resolves when the last gateway has gone. */
    ended: () => Promise.all(clients),
  };
}
