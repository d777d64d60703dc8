import type { GuardedStream } from '@spillway/sdk/net';
import type { ModelJson } from '@spillway/workers/models';

/** One file as its origin describes it. */
export interface RemoteFile {
  /** In the model's folder. */
  readonly path: string;
  readonly bytes?: number | undefined;
  readonly sha256?: string | undefined;
  /** Name of its content in git, for files that the hub keeps there. */
  readonly gitSha1?: string | undefined;
  /** Version of its content, where nothing better is known. */
  readonly etag?: string | undefined;
}

export interface Listing {
  readonly files: readonly RemoteFile[];
  /** What was listed, where the origin has names for it: a commit. */
  readonly revision?: string | undefined;
  readonly licence?: string | undefined;
  /** The origin's own `model.json`. */
  readonly card?: ModelJson | undefined;
}

/** A place that models are pulled from. */
export interface Remote {
  /** How sentences call it. */
  readonly label: string;
  /** @param revision commit, branch or tag; default the newest. */
  list(revision: string | undefined, signal: AbortSignal): Promise<Listing>;
  /** Asks for a file's bytes; headers are those of resuming. */
  open(file: RemoteFile, call: OpenCall): Promise<GuardedStream>;
}

export interface OpenCall {
  readonly revision: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}
