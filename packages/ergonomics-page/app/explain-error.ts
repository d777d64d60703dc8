import { ApiError } from '@spillway/sdk/client';
import { FileGoneError } from './analysis.ts';
import { WorkerRefusal } from './worker-actions.ts';

/** What went wrong and what to do, as a sentence; `link`: only another link helps. */
export interface Explained {
  readonly needs: 'link' | 'nothing' | 'file';
  readonly sentence: string;
}

export const LINK_OVER =
  'This link is no longer good. Ask whoever sent it for a new one; what was uploaded and started so far stays.';

export function explainError(error: unknown, gateway: string, page: string): Explained {
  const nothing = (sentence: string): Explained => ({ needs: 'nothing', sentence });
  if (error instanceof FileGoneError) {
    return {
      needs: 'file',
      sentence: 'The file can no longer be read: it was changed, moved or deleted. Choose it again.',
    };
  }
  if (error instanceof WorkerRefusal) return nothing(sentenceOf(error.message));
  if (!(error instanceof ApiError)) return nothing(sentenceOf(String(error)));
  if (error.status === 401) return { needs: 'link', sentence: LINK_OVER };
  if (error.code === 'UNREACHABLE') return nothing(unreachable(gateway, page));
  if (error.code === 'ENDPOINT_NOT_FOUND')
    return nothing(
      'The server has no such endpoint for this link. Ask whoever sent it; the link may be for another server.',
    );
  return nothing(sentenceOf(error.detail));
}

/** Browsers don't tell a page why: no server, or one that does not allow it. */
export function unreachable(gateway: string, page: string): string {
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
