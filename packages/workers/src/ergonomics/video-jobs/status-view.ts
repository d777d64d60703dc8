import { type ArtifactStore, notFound } from '@spillway/artifacts';
import type { ResultEntry, StatusRecord, VideoJobState } from './status-record.ts';

/** A job as its callers see it: three words for those who know only these, `state` for the others; URLs signed just now. */
export const DOWNLOAD_URL_S = 86_400;

/** Callers stop asking at `completed` and `failed`. */
const SEED_WORDS: Readonly<Record<VideoJobState, 'processing' | 'completed' | 'failed'>> = {
  accepted: 'processing',
  processing: 'processing',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'failed',
};

/** Names of URLs of results as callers know them. */
const URL_NAMES: Readonly<Record<string, string>> = { xlsx: 'excel_url' };

export async function statusView(store: ArtifactStore, record: StatusRecord) {
  const { job_id, status, progress, created_at, updated_at, stage, segments, warnings, models, error } =
    record;
  const isDone = status === 'completed';
  return {
    ...{ job_id, status: SEED_WORDS[status], state: status, progress, created_at, updated_at },
    ...{ quality: record.settings.quality, video_name: record.video.name },
    ...(stage === undefined || isDone ? {} : { stage }),
    ...(segments === undefined ? {} : { segments }),
    ...(error === undefined ? {} : { error }),
    ...(warnings === undefined || warnings.length === 0 ? {} : { warnings }),
    ...(models === undefined ? {} : { models }),
    ...(isDone ? await urlsOf(store, record) : {}),
  };
}

async function urlsOf(store: ArtifactStore, { results = [], result_key: resultKey, video }: StatusRecord) {
  const named: Record<string, string> = {};
  const lists: Record<'videos' | 'pictures', { name: string; url: string }[]> = { videos: [], pictures: [] };
  for (const entry of results) {
    const url = await signResult(store, entry.key, video.name);
    if (entry.kind === 'video') lists.videos.push({ name: entry.name, url });
    else if (entry.kind === 'picture') lists.pictures.push({ name: entry.name, url });
    else named[URL_NAMES[entry.kind] ?? `${entry.kind}_url`] = url;
  }
  return {
    ...(resultKey === undefined
      ? {}
      : { result_key: resultKey, download_url: await signResult(store, resultKey, video.name) }),
    results: { ...named, ...lists, files: results.map(fileOf) },
  };
}

const fileOf = ({ kind, name, key, size_bytes }: ResultEntry) => ({
  kind,
  name,
  result_key: key,
  size_bytes,
});

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  csv: 'text/csv',
  html: 'text/html',
  pdf: 'application/pdf',
  npz: 'application/zip',
  pkl: 'application/octet-stream',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  mp4: 'video/mp4',
  jpg: 'image/jpeg',
  png: 'image/png',
};

/** Under the video's own name, so that downloads of several videos can be told apart. */
export async function signResult(store: ArtifactStore, key: string, videoName?: string): Promise<string> {
  if (!(await store.head(key))) throw notFound(key);
  const base = (videoName ?? '').replace(/\.[^.]*$/, '');
  const own = key.slice(key.lastIndexOf('/') + 1);
  const extension = own.slice(own.lastIndexOf('.') + 1);
  const name = base === '' ? own : `${base} ${own.startsWith('job_') ? `ergonomics.${extension}` : own}`;
  const mediaType = TYPES[extension] ?? 'application/octet-stream';
  const { url } = await store.presignGet(key, { name, mediaType, expiresInMs: DOWNLOAD_URL_S * 1000 });
  return url;
}
