import { ArtifactError } from './artifact-error.ts';

/**
 * Keys are ours: a prefix, what it is and a random id, such as `uploads/video_3f….mp4`. What a user calls a file is data
 * beside it and never part of a path.
 */
export const ARTIFACT_PREFIXES = ['uploads', 'results', 'status'] as const;
export type ArtifactPrefix = (typeof ARTIFACT_PREFIXES)[number];

/** Segments begin with a letter or digit, so none is `..` or hidden. */
const KEY = /^[a-z0-9][a-z0-9-]{0,62}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,199}){1,6}$/;
const EXTENSION = /\.([A-Za-z0-9]{1,8})$/;
const KINDS = ['video', 'image', 'audio'] as const;

export function issueKey(
  prefix: ArtifactPrefix,
  id: string,
  artifact: { name: string; mediaType: string },
): string {
  const family = artifact.mediaType.split('/')[0];
  const kind = KINDS.find((one) => one === family) ?? 'file';
  const extension = EXTENSION.exec(artifact.name)?.[1]?.toLowerCase();
  return `${prefix}/${kind}_${id}${extension === undefined ? '' : `.${extension}`}`;
}

/** Throws INPUT_INVALID. Keys come from callers too, within signed URLs. */
export function checkKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new ArtifactError(
    'INPUT_INVALID',
    'key: expected one that this gateway issued, such as uploads/video_….mp4',
  );
}
