/** What a service that is played says to a call. */
export interface FakeAnswer {
  readonly status: number;
  readonly json?: unknown;
}
