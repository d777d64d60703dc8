/**
 * What happened lately to jobs, workers and endpoints, numbered, in memory: a ring that live listeners read at their own
 * pace, so that none needs a buffer of its own. Ids name the run of the gateway, since numbers begin anew with each.
 */
export interface LoggedEvent {
  readonly type: string;
  readonly at: number;
  readonly endpoint: string;
  readonly jobId?: string;
  readonly workerId?: string;
  readonly status?: string;
  readonly attempt?: number;
  readonly error?: string;
  readonly reason?: string;
  /** Of a budget: its name, and the threshold that was reached. */
  readonly budget?: string;
  readonly percent?: number;
  /** JSON as it arrived. */
  readonly progress?: string;
}

export interface NumberedEvent extends LoggedEvent {
  readonly number: number;
}

export interface EventLog {
  /** It gets the next number. */
  append(event: LoggedEvent): void;
  /** Number of the newest event; 0 before the first. */
  newest(): number;
  /** The number behind which everything is that is still kept. */
  oldest(): number;
  /** At most `limit` events behind `number`; undefined when some of them are gone already. */
  after(number: number, limit: number): readonly NumberedEvent[] | undefined;
  idOf(number: number): string;
  /** The number of an id, if it is one of this run and what follows it is still here. */
  numberOf(id: string): number | undefined;
  /** Calls `listener` with every further event, until the returned function is called. */
  watch(listener: (event: LoggedEvent) => void): () => void;
}

const EVENTS_KEPT = 10_000;

export function createEventLog(run: string, kept = EVENTS_KEPT): EventLog {
  /** Each at the place that its number says: one more field would be one more piece of memory for each. */
  const ring: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  let newest = 0;
  const isKept = (number: number) => number >= newest - kept && number <= newest;

  return {
    append(event) {
      newest += 1;
      ring[newest % kept] = event;
      for (const listener of listeners) listener(event);
    },
    newest: () => newest,
    oldest: () => Math.max(0, newest - kept),
    after(number, limit) {
      if (!isKept(number)) return undefined;
      const events: NumberedEvent[] = [];
      for (let next = number + 1; next <= newest && events.length < limit; next += 1) {
        const event = ring[next % kept];
        if (event) events.push({ ...event, number: next });
      }
      return events;
    },
    idOf: (number) => `${run}-${number}`,
    numberOf(id) {
      const [, from, digits] = /^(.+)-(\d{1,15})$/.exec(id) ?? [];
      return from === run && isKept(Number(digits)) ? Number(digits) : undefined;
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
