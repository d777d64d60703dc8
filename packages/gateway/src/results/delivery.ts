/** One webhook to deliver: a row of the outbox. */
export interface Delivery {
  readonly id: number;
  readonly jobId: string;
  readonly endpoint: string;
  readonly url: string;
  readonly createdAt: number;
  /** When it is tried (again); absent once it was delivered or given up. */
  readonly nextAt?: number;
  readonly deliveredAt?: number;
  readonly log: readonly DeliveryTry[];
  /** Of one that tells of no job. */
  readonly body?: string;
}

/** One try, the newest last in a delivery's log. */
export interface DeliveryTry {
  readonly at: number;
  readonly tookMs: number;
  /** HTTP status of the answer; absent when there was none. */
  readonly status?: number;
  readonly error?: string;
}

/** What a try came to: a failed one is made again, a given-up one was the last. */
export const DELIVERY_OUTCOMES = ['delivered', 'failed', 'given_up'] as const;

export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** Reads the outbox that the job store writes, and keeps what became of each delivery. */
export interface DeliveryStore {
  due(now: number, limit: number): readonly Delivery[];
  nextAt(): number | undefined;
  ofJob(jobId: string): readonly Delivery[];
  get(id: number): Delivery | undefined;
  /** Adds a try and says what follows: another one, or the end. */
  record(id: number, one: DeliveryTry, next: { nextAt?: number; deliveredAt?: number }): Promise<void>;
  /** Has it tried again at `now`, delivered or not; its log goes on. False when there is none. */
  redeliver(id: number, now: number): Promise<boolean>;
}
