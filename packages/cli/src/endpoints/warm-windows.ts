import { type WarmWindowView, warmWindowSchema } from '@spillway/protocol/v1';
import { wrongUse } from '../cli-error.ts';

/** `workers.warm` in one argument: windows such as `mon-fri 08:00-18:00 2 Europe/Berlin`, with `;` between them. */
const WINDOW =
  /^(?:(?<days>[a-z][a-z,-]*)\s+)?(?<from>\S+)-(?<to>\S+?)(?:\s+(?<min>\d+))?(?:\s+(?<timeZone>\S+))?$/;

const EXPECTED =
  'expected windows such as "mon-fri 08:00-18:00 2 Europe/Berlin" (days, number of workers and time zone may be left out), with ";" between them, or "none"';

export function parseWarmWindows(key: string, text: string): WarmWindowView[] {
  if (text === 'none') return [];
  return text.split(';').map((one) => {
    const { min, ...words } = WINDOW.exec(one.trim())?.groups ?? {};
    const window = warmWindowSchema.safeParse({
      ...words,
      ...(min === undefined ? {} : { min: Number(min) }),
    });
    if (window.success) return window.data;
    throw wrongUse(`${key}: ${EXPECTED}; found "${one.trim()}"`);
  });
}

export function showWarmWindows(windows: readonly WarmWindowView[]): string {
  const texts = windows.map(
    ({ days, from, to, min, timeZone }) => `${days.replaceAll(/\s/g, '')} ${from}-${to} ${min} ${timeZone}`,
  );
  return texts.length === 0 ? 'none' : texts.join('; ');
}
