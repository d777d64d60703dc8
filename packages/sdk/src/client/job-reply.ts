import type { JobReply } from '@spillway/protocol';
import { detailOf } from '../describe-error.ts';
import { ApiError } from './api-error.ts';

/** RunPod's service sometimes answers 200 with nothing but an error; that is no job. */
export function jobReplyOf(value: object): JobReply {
  if (
    'id' in value &&
    typeof value.id === 'string' &&
    'status' in value &&
    typeof value.status === 'string'
  ) {
    return value as JobReply;
  }
  const detail = `the answer is not a job: ${detailOf(JSON.stringify(value))}`;
  throw new ApiError({ status: 200, code: 'BAD_REPLY', detail });
}
