import type { Logger } from 'pino';
import type { EventLog } from './event-log.ts';

/** Ends that somebody may have to look at; everything else of jobs is for the level debug. */
const NOTABLE = new Set(['job.failed', 'job.timed_out']);

/** Writes what happens to jobs into the log, with their ids. Workers' lives are logged by the fleet. */
export function logEvents(events: EventLog, log: Logger): void {
  if (!log.isLevelEnabled('info')) return;
  const isDebug = log.isLevelEnabled('debug');
  events.watch((event) => {
    // Most are not logged, so nothing is made of them.
    const isNotable = NOTABLE.has(event.type);
    if (!isNotable && (!isDebug || !event.type.startsWith('job.'))) return;
    const { at: _at, type, progress: _progress, ...fields } = event;
    if (isNotable) log.info(fields, type);
    else log.debug(fields, type);
  });
}
