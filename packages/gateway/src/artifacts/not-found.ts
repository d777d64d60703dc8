import { GatewayError } from '../errors.ts';

export function notFound(key: string): GatewayError {
  return new GatewayError(
    'ARTIFACT_NOT_FOUND',
    `no artifact ${key}: it was deleted, or its retention is over`,
  );
}

export function uploadGone(): GatewayError {
  const message = 'no such upload: it was completed, aborted, or is too old; begin a new one';
  return new GatewayError('UPLOAD_NOT_FOUND', message);
}
