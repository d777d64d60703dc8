import type { JobStatus } from '@spillway/protocol';
import { style } from './output.ts';

const STATUS_STYLES = {
  IN_QUEUE: 'yellow',
  IN_PROGRESS: 'cyan',
  COMPLETED: 'green',
  FAILED: 'red',
  CANCELLED: 'dim',
  TIMED_OUT: 'red',
} as const satisfies Record<JobStatus, string>;

export function statusText(status: JobStatus): string {
  return style(STATUS_STYLES[status] ?? 'bold', status);
}
