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
  /** JSON as it arrived. */
  readonly progress?: string;
}

export interface NumberedEvent extends LoggedEvent {
  readonly number: number;
}

export interface EventLog {
  /** Takes the event over: it gets its number. */
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
  watch(listener: (event: NumberedEvent) => void): () => void;
}

export const EVENTS_KEPT = 10_000;

export function createEventLog(run: string, kept = EVENTS_KEPT): EventLog {
  const ring: NumberedEvent[] = [];
  const listeners = new Set<(event: NumberedEvent) => void>();
  let newest = 0;
  const isKept = (number: number) => number >= newest - kept && number <= newest;

  return {
    append(event) {
      newest += 1;
      const numbered: NumberedEvent = Object.assign(event, { number: newest });
      ring[newest % kept] = numbered;
      for (const listener of listeners) listener(numbered);
    },
    newest: () => newest,
    oldest: () => Math.max(0, newest - kept),
    after(number, limit) {
      if (!isKept(number)) return undefined;
      const events: NumberedEvent[] = [];
      for (let next = number + 1; next <= newest && events.length < limit; next += 1) {
        const event = ring[next % kept];
        if (event) events.push(event);
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
