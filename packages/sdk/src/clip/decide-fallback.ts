import { CLIP_ERRORS, type ClipClientError, type ClipErrorCode } from './clip-client-error.ts';

/** That the local place answered in place of RunPod, and why. */
export interface ClipFallback {
  readonly from: 'runpod';
  readonly code: ClipErrorCode;
  readonly reason: string;
}

/** Undefined: the error is the answer. Pure. */
export function decideFallback(
  error: ClipClientError,
  { hasLocal }: { readonly hasLocal: boolean },
): ClipFallback | undefined {
  if (!hasLocal || error.backend !== 'runpod' || !CLIP_ERRORS[error.code].mayFallBack) return undefined;
  return { from: 'runpod', code: error.code, reason: error.message };
}
