import { ArtifactError } from './artifact-error.ts';

export function notFound(key: string): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_NOT_FOUND',
    `no artifact ${key}: it was deleted, its retention is over, or it is another key's`,
  );
}

export function uploadGone(): ArtifactError {
  const message = 'no such upload: it was completed, aborted, or is too old; begin a new one';
  return new ArtifactError('UPLOAD_NOT_FOUND', message);
}

export function changed(key: string): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_CHANGED',
    `${key} was changed by somebody else since it was looked at; nothing was written`,
  );
}

export function existsAlready(key: string): ArtifactError {
  return new ArtifactError('ARTIFACT_EXISTS', `${key} is there already, and is not written over`);
}
