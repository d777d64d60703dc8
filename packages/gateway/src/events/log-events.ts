import type { Logger } from 'pino';
import type { EventLog } from './event-log.ts';

/** Ends that somebody may have to look at; everything else of jobs is for the level debug. */
const NOTABLE = new Set(['job.failed', 'job.timed_out']);

/** Writes what happens to jobs into the log, with their ids. Workers' lives are logged by the fleet. */
export function logEvents(events: EventLog, log: Logger): void {
  if (!log.isLevelEnabled('info')) return;
  const isDebug = log.isLevelEnabled('debug');
  events.watch(({ number: _number, at: _at, type, progress: _progress, ...fields }) => {
    if (!type.startsWith('job.')) return;
    if (NOTABLE.has(type)) log.info(fields, type);
    else if (isDebug) log.debug(fields, type);
  });
}
