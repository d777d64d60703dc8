/**
 * What the gateway promised and what was seen of it: every acknowledged submit, and every final answer about it. The
 * verdict needs nothing else, so it does not depend on what the gateway remembers.
 */
export interface Reply {
  readonly id: string;
  readonly status: string;
  readonly output?: { readonly twice?: number; readonly run?: string };
  readonly error?: string;
  readonly retries?: number;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly completed: number;
  readonly cancelled: number;
  /** Delivered more than once, which is allowed. */
  readonly redelivered: number;
  /** Each as a sentence. Acknowledged, and then unknown, ended badly or with a wrong result. */
  readonly lost: readonly string[];
  /** Answered once with one ending and once with another. */
  readonly contradicted: readonly string[];
  /** Without an end, though all had time. */
  readonly stuck: readonly string[];
  /** Webhooks that were asked for and came; each at least once. */
  readonly webhooks: number;
  /** Ended, and its webhook never came. */
  readonly untold: readonly string[];
}

interface Entry {
  readonly n: number;
  isCancelAsked: boolean;
  ending?: Reply;
  isUnknown: boolean;
  webhook: 'none' | 'asked' | 'came';
}

export type Ledger = ReturnType<typeof createLedger>;

const FINAL = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT']);

export function createLedger() {
  const entries = new Map<string, Entry>();
  const open = new Set<string>();
  const contradicted: string[] = [];
  const early = new Map<string, Reply>();

  function isGood({ n, isCancelAsked, ending }: Entry): boolean {
    if (ending?.status === 'CANCELLED') return isCancelAsked;
    return ending?.status === 'COMPLETED' && ending.output?.twice === 2 * n;
  }

  /** Any answer about a job; only final ones are promises, and true is answered then. */
  function saw(id: string, reply: Reply): boolean {
    const entry = entries.get(id);
    if (!entry || !FINAL.has(reply.status)) return false;
    open.delete(id);
    const [before, now] = [entry.ending, reply].map((one) =>
      JSON.stringify([one?.status, one?.output, one?.error]),
    );
    if (entry.ending === undefined) entry.ending = reply;
    else if (before !== now) contradicted.push(`${id}: first ${before}, later ${now}`);
    return true;
  }

  function untold(): string[] {
    return [...entries].flatMap(([id, { ending, webhook }]) => (ending && webhook === 'asked' ? [id] : []));
  }

  return {
    get size() {
      return entries.size;
    },
    /** Acknowledged jobs whose end nobody has seen yet. */
    open: (): readonly string[] => [...open],
    all: (): readonly string[] => [...entries.keys()],
    /** The gateway answered a submit with 200. */
    acknowledged(id: string, n: number, hasWebhook = false): void {
      const webhook = hasWebhook ? 'asked' : 'none';
      entries.set(id, { n, isCancelAsked: false, isUnknown: false, webhook });
      open.add(id);
      const reply = early.get(id);
      if (reply) this.told(reply);
    },
    /** The answer to a repeated submit named another job, or there are two of it. */
    doubled(what: string): void {
      contradicted.push(what);
    },
    /** A cancel is on its way: from now on the job may end either way. */
    cancelAsked(id: string): void {
      const entry = entries.get(id);
      if (entry) entry.isCancelAsked = true;
    },
    saw,
    /** A webhook came; it may come before the answer to the submit. */
    told(reply: Reply): void {
      const entry = entries.get(reply.id);
      if (entry) entry.webhook = 'came';
      else early.set(reply.id, reply);
      saw(reply.id, reply);
    },
    /** Ended jobs whose webhook has not come yet. */
    untold,
    /** The gateway answered 404. */
    unknown(id: string): void {
      const entry = entries.get(id);
      if (entry) entry.isUnknown = true;
      open.delete(id);
    },
    verdict(): Verdict {
      const all = [...entries];
      const ended = all.filter(([, { ending }]) => ending !== undefined);
      const count = (status: string) => ended.filter(([, { ending }]) => ending?.status === status).length;
      return {
        acknowledged: all.length,
        completed: count('COMPLETED'),
        cancelled: count('CANCELLED'),
        redelivered: ended.filter(([, { ending }]) => (ending?.retries ?? 0) > 0).length,
        lost: all
          .filter(([, entry]) => entry.isUnknown || (entry.ending && !isGood(entry)))
          .map(([id, { n, ending, isUnknown }]) =>
            isUnknown ? `${id}: unknown to the gateway` : `${id} (n = ${n}): ${JSON.stringify(ending)}`,
          ),
        contradicted,
        stuck: [...open],
        webhooks: all.filter(([, { webhook }]) => webhook === 'came').length,
        untold: untold(),
      };
    },
  };
}
