import { createHash } from 'node:crypto';
import type { ProcessSettings } from './video-input.ts';

/**
 * Where the files of video jobs lie: `uploads/video_….mp4`, `status/job_….json`, `results/job_….pkl` with all other forms
 * in `results/job_…/`. Keys and ids are ours; what a user calls a file is data.
 */
export const VIDEO_EXTENSIONS = ['mp4', 'avi', 'mov', 'mkv', 'webm'] as const;

/** A random id stands in it: 128 bits and more. */
const UPLOAD_KEY = /^uploads\/(?:video|file)_[a-z0-9]{25,64}\.([a-z0-9]{1,8})$/;
const JOB_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isJobId = (text: string): boolean => JOB_ID.test(text);

/** Whether it has the form of keys that were issued for uploads, and a video's extension. */
export function isUploadKey(key: string, extensions: readonly string[]): boolean {
  const extension = UPLOAD_KEY.exec(key)?.[1];
  return extension !== undefined && extensions.includes(extension);
}

/** The kinds of files that are taken, as users are told them. */
export const extensionsText = (extensions: readonly string[]): string =>
  extensions.map((one) => `.${one}`).join(', ');

export const extensionOf = (filename: string): string | undefined =>
  /\.([a-z0-9]{1,8})$/.exec(filename.toLowerCase())?.[1];

export const statusKey = (jobId: string) => `status/job_${jobId}.json`;
export const uploadNoteKey = (uploadKey: string) =>
  `status/upload_${uploadKey.slice(uploadKey.indexOf('_') + 1).replace(/\..*$/, '')}.json`;
export const pickleKey = (jobId: string) => `results/job_${jobId}.pkl`;
export const resultKey = (jobId: string, name: string) => `results/job_${jobId}/${name}`;
export const checkpointPrefix = (jobId: string) => `status/job_${jobId}/`;
export const checkpointKey = (jobId: string, segment: number) =>
  `${checkpointPrefix(jobId)}segment_${String(segment).padStart(5, '0')}.json.gz`;

export const overlayPieceKey = (jobId: string, basis: string, at: number) =>
  `${checkpointPrefix(jobId)}overlay_${basis}_${String(at).padStart(5, '0')}.ts`;

const RESULT_KEY = /^results\/job_([0-9a-f-]{36})(?:\.pkl|\/[A-Za-z0-9][A-Za-z0-9._-]{0,99})$/;

/** The job that a result belongs to; undefined for what is no result. */
export function jobOfResult(key: string): string | undefined {
  const id = RESULT_KEY.exec(key)?.[1];
  return id !== undefined && isJobId(id) ? id : undefined;
}

/**
 * The id of the job for a video and settings: the same ones give the same job, and whoever does not know the video's
 * random key can't guess it. 122 bits of SHA-256 in the form of a UUID of version 8 (RFC 9562).
 */
export function jobIdOf(
  video: { readonly key: string; readonly etag: string },
  settings: ProcessSettings,
): string {
  const text = JSON.stringify(['spillway-video-job-1', video.key, video.etag, sorted(settings)]);
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** The order of keys means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]));
}
