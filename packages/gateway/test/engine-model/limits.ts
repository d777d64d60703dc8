/** Short times, all multiples of the deadline loop's longest pause, so that model and engine agree to the millisecond. */
export const LIMITS = {
  leaseMs: 2_000,
  holdMs: 5_000,
  waitMs: 6_000,
  graceMs: 1_500,
  heartbeatMs: 500,
  retentionMs: 20_000,
  /** How often ended jobs are swept. */
  retentionEveryMs: 10_000,
  stepMs: 250,
} as const;
