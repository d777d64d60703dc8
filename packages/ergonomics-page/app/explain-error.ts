import { ApiError } from '@spillway/sdk/client';
import { FileGoneError } from './analysis.ts';
import { UnknownToServerError, WorkerRefusal } from './worker-actions.ts';

/** What went wrong and what to do, as a sentence. */
export interface Explained {
  /** `link`: only another one helps. `file`: so with the file. `anew`: of what was reached nothing is left. */
  readonly needs: 'link' | 'nothing' | 'file' | 'anew';
  readonly sentence: string;
}

const LINK_OVER =
  'This link is no longer good. Ask whoever sent it for a new one; what was uploaded and started so far stays.';

const UNKNOWN =
  'The server does not know this browser’s last video under this link: it was sent with the link of somebody else, or its time is over. Choose it again to begin anew.';

export function explainError(error: unknown, gateway: string, page: string): Explained {
  const nothing = (sentence: string): Explained => ({ needs: 'nothing', sentence });
  if (error instanceof FileGoneError) {
    return {
      needs: 'file',
      sentence: 'The file can no longer be read: it was changed, moved or deleted. Choose it again.',
    };
  }
  if (error instanceof UnknownToServerError) return { needs: 'anew', sentence: UNKNOWN };
  if (error instanceof WorkerRefusal) return nothing(sentenceOf(error.message));
  if (!(error instanceof ApiError)) return nothing(sentenceOf(String(error)));
  if (error.status === 401) return { needs: 'link', sentence: LINK_OVER };
  if (error.code === 'PAYLOAD_TOO_LARGE')
    return { needs: 'file', sentence: `The server takes no file of this size: ${error.detail}.` };
  if (error.code === 'QUOTA_EXCEEDED') return { needs: 'link', sentence: noRoom(error.detail) };
  if (error.code === 'UNREACHABLE') return nothing(unreachable(gateway, page));
  if (error.code === 'ENDPOINT_NOT_FOUND')
    return nothing(
      'The server has no such endpoint for this link. Ask whoever sent it; the link may be for another server.',
    );
  return nothing(sentenceOf(error.detail));
}

/** What visitors have sent they can't delete; whoever gave them the link can, or gives them one with more room. */
const noRoom = (detail: string): string =>
  `There is no room left for this video. Ask whoever sent the link for one with more, and tell them what the server says: ${detail}.`;

/** Browsers don't tell a page why: no server, or one that does not allow it. */
export function unreachable(gateway: string, page: string, isOnline = true): string {
  if (!isOnline) return 'This device is offline.';
  const foreign =
    gateway === page
      ? ''
      : `, or it does not let pages from ${page} call it (cors.origins in its spillway.yaml)`;
  return `The server at ${gateway} does not answer${foreign}.`;
}

function sentenceOf(text: string): string {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
