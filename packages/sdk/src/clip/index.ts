export {
  type ClipAnswer,
  type ClipClient,
  type ClipClientOptions,
  type ClipRequest,
  createClipClient,
} from './clip-client.ts';
export { ClipClientError, type ClipErrorCode } from './clip-client-error.ts';
export type { ClipImage } from './clip-image.ts';
export { CLIP_BACKENDS, type ClipBackend, type ClipPlace, ClipSettingsError } from './clip-settings.ts';
export type { ClipFallback } from './decide-fallback.ts';
export type { ClipEmbedding, ClipFailure } from './read-reply.ts';
