import type { Clock } from '@spillway/sdk/clock';

/** What a backend that starts workers on this machine is given. */
export interface BackendPlace {
  readonly clock: Clock;
  /** The gateway's data folder; each backend has its own folder in it, `logs/` is shared. */
  readonly dataDir: string;
  /** The gateway's own environment, of which a worker gets the allow-listed part. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** Told what went wrong beside the workers themselves, such as a log that can't be written. */
  readonly onError: (message: string, error: unknown) => void;
}
