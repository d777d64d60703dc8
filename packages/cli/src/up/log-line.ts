import { style } from '../output.ts';
import { oneLine } from '../text.ts';

const LEVELS: Readonly<Record<number, { readonly name: string; readonly style: 'dim' | 'yellow' | 'red' }>> =
  {
    20: { name: 'debug', style: 'dim' },
    30: { name: 'info', style: 'dim' },
    40: { name: 'warn', style: 'yellow' },
    50: { name: 'error', style: 'red' },
    60: { name: 'fatal', style: 'red' },
  };

/** A line of the JSON log as people read it: `12:00:05 info  worker started  worker=detect-x4 pid=81`. */
export function logLine(json: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const kind = LEVELS[Number(level)] ?? { name: String(level), style: 'dim' as const };
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const details = Object.entries(rest).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return style('dim', `${name}=${oneLine(text ?? '', 200)}`, process.stderr);
  });
  const why = typeof err === 'object' && err !== null && 'message' in err ? String(err.message) : undefined;
  // Errors often begin with what is said already.
  const more = why?.startsWith(`${msg}: `) ? why.slice(`${msg}: `.length) : why;
  const reason = more === undefined || more === msg ? [] : [`(${more})`];
  const head = `${style('dim', clock, process.stderr)} ${style(kind.style, kind.name.padEnd(5), process.stderr)}`;
  return [head, String(msg ?? ''), ...reason, ...details].join(' ');
}
