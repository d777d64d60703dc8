export { type AddressRules, createAddressRules } from './address-rules.ts';
export { type DownloadOptions, downloadFile } from './download-file.ts';
export { fetchSoundly } from './fetch-soundly.ts';
export {
  type GuardCode,
  GuardError,
  type GuardedFetchOptions,
  type GuardedOpenOptions,
  type GuardedResponse,
  type GuardedStream,
  guardedFetch,
  guardedOpen,
} from './guarded-fetch.ts';
export { hostPort } from './host-port.ts';
