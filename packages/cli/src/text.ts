/** Values as people read them. */

/** `84 ms`, `1.2 s`, `3 min 5 s`, `2 h 4 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(ms / 60_000);
  return join(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `512 B`, `3.4 kB`, `12.0 GB` (powers of 1000). */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let index = 0;
  while (value >= 999.5 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${index === 0 ? value : value.toFixed(1)} ${units[index]}`;
}

/** `12 s ago`, `3 h 2 min ago`. */
export function agoText(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  return ms < 1000
    ? 'just now'
    : `${durationText(ms < 60_000 ? Math.floor(ms / 1000) * 1000 : ms).replace('.0 s', ' s')} ago`;
}

/** JSON for the eye: long texts (base64 above all) are cut and say how long they are. */
export function shortJson(value: unknown, longest = 120): string {
  return JSON.stringify(
    value,
    (_key, part: unknown) =>
      typeof part === 'string' && part.length > longest
        ? `${part.slice(0, 40)}… (${bytesText(part.length)})`
        : part,
    2,
  );
}

/** One line of at most `width` characters. */
export function oneLine(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
