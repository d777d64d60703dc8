/**
 * The worker's log, one line an entry: JSON as RunPod's platform reads it when the worker serves an endpoint, plain
 * text for people otherwise. Secrets that are handed in never appear.
 */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 } as const;

export type LogLevel = keyof typeof LEVELS;

export interface WorkerLog extends Logger {
  /** The same log with the job's id on each line. */
  forJob(jobId: string): Logger;
}

export interface WorkerLogOptions {
  readonly write: (line: string) => void;
  readonly format: 'json' | 'text';
  readonly level: LogLevel;
  readonly secrets: readonly string[];
}

export function createWorkerLog(options: WorkerLogOptions): WorkerLog {
  const secrets = options.secrets.filter((secret) => secret !== '');

  function entry(level: LogLevel, message: string, jobId: string | null): void {
    if (LEVELS[level] < LEVELS[options.level]) return;
    const safe = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message);
    const line =
      options.format === 'json'
        ? JSON.stringify({ requestId: jobId, message: safe, level: level.toUpperCase() })
        : `${level.toUpperCase().padEnd(5)} ${jobId === null ? '' : `| ${jobId} `}| ${safe}`;
    options.write(line);
  }

  function loggerFor(jobId: string | null): Logger {
    return {
      debug: (message) => entry('debug', message, jobId),
      info: (message) => entry('info', message, jobId),
      warn: (message) => entry('warn', message, jobId),
      error: (message) => entry('error', message, jobId),
    };
  }

  return { ...loggerFor(null), forJob: loggerFor };
}

/** RunPod's `RUNPOD_LOG_LEVEL` (older name `RUNPOD_DEBUG_LEVEL`); everything is logged unless it says otherwise. */
export function parseLogLevel(env: Readonly<Record<string, string | undefined>>): LogLevel {
  const named = (env.RUNPOD_LOG_LEVEL ?? env.RUNPOD_DEBUG_LEVEL ?? '').toLowerCase();
  if (named === 'warning') return 'warn';
  return named in LEVELS ? (named as LogLevel) : 'debug';
}
