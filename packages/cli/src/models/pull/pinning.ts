import { CliError } from '../../cli-error.ts';
import type { PinnedModel } from './lock-file.ts';
import type { Listing } from './remote.ts';
import { type ModelSource, sourceId } from './source.ts';

/** @throws CliError when the lock file knows another model under this name. */
export function assertPinned(
  name: string,
  pinned: PinnedModel | undefined,
  source: ModelSource,
  lockFile: string,
): void {
  if (pinned === undefined || pinned.source === sourceId(source)) return;
  throw new CliError(
    'NAME_TAKEN',
    `${lockFile} pins ${name} from ${pinned.source}. Give this one another name with --name.`,
  );
}

export interface RevisionChoice {
  /** What the origin is asked for. */
  readonly asked?: string | undefined;
  /** The branch or tag behind it. */
  readonly ref?: string | undefined;
  /** It may be another commit than last time. */
  readonly isMoving: boolean;
}

/** @throws CliError when another revision than the pinned one is asked for without `isUpdate`. */
export function decideRevision(
  name: string,
  pinned: PinnedModel | undefined,
  { source, isUpdate }: { readonly source: ModelSource; readonly isUpdate?: boolean | undefined },
): RevisionChoice {
  if (source.kind !== 'hub') return { isMoving: false };
  const { revision: wanted } = source;
  if (pinned?.revision !== undefined && !isUpdate) {
    const { revision, ref } = pinned;
    const isSame =
      wanted === undefined || wanted === ref || (isCommit(wanted) && revision.startsWith(wanted));
    if (isSame) return { asked: revision, ref, isMoving: false };
    const since = ref === undefined ? '' : ` (${ref} when it was pulled)`;
    throw new CliError(
      'PINNED',
      `${name} is pinned at ${revision}${since}. --update replaces it by ${wanted}.`,
    );
  }
  const asked = wanted ?? 'main';
  return isCommit(asked) ? { asked, isMoving: false } : { asked, ref: asked, isMoving: true };
}

function isCommit(revision: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(revision);
}

/** The first pinned file that the origin has in another content now, in words. */
export function findChange(pinned: PinnedModel, listing: Listing): string | undefined {
  for (const [file, pin] of Object.entries(pinned.files)) {
    const listed = listing.files.find(({ path }) => path === file);
    if (listed === undefined) {
      // A single file's listing does not tell of what goes with it.
      if (listing.files.length > 1) return `${file} is no longer at ${pinned.source}`;
    } else if (listed.sha256 !== undefined && listed.sha256 !== pin.sha256) {
      return `${file} was changed upstream since it was pinned (SHA-256 ${pin.sha256}, now ${listed.sha256})`;
    } else if (listed.bytes !== undefined && listed.bytes !== pin.bytes) {
      return `${file} was changed upstream since it was pinned (${pin.bytes} bytes, now ${listed.bytes})`;
    } else if (
      listed.sha256 === undefined &&
      pin.etag !== undefined &&
      (listed.etag ?? pin.etag) !== pin.etag
    ) {
      return `${file} was changed upstream since it was pinned (version ${pin.etag}, now ${listed.etag})`;
    }
  }
  return undefined;
}
