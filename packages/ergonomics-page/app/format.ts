/** Numbers as people read them. */
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `0:07`, `12:05`, `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** With tenths where a step of whole seconds is too long: `0:07.5`. */
export function tenthsText(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10));
  return `${clockText(Math.floor(tenths / 10))}.${tenths % 10}`;
}

/** With a true minus: `−12°`. */
export const degreesText = (degrees: number): string => `${Math.round(degrees)}°`.replace('-', '−');

/** In words, for how long something will take: `about 3 minutes`. */
export function aboutText(seconds: number): string {
  if (seconds < 50) return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} seconds`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  const hours = Math.round(minutes / 6) / 10;
  return `about ${hours} ${hours === 1 ? 'hour' : 'hours'}`;
}

/** Where the reader is: `until 14:05`, or `until Tue 14:05` where that is another day. */
export function untilText(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  return `until ${new Date(at).toLocaleString('en-GB', isToday ? time : { weekday: 'short', ...time })}`;
}

/** With so many decimals at most: `11.5`, `7`. */
export const figureText = (value: number, decimals: number): string =>
  String(Number(value.toFixed(decimals)));

/** In words, of a limit: `8 hours`, `1.5 hours`, `30 minutes`. */
export function spanText(seconds: number): string {
  const [count, unit] =
    seconds >= 3600
      ? [seconds / 3600, 'hour']
      : seconds >= 60
        ? [seconds / 60, 'minute']
        : [seconds, 'second'];
  const text = figureText(count, 1);
  return `${text} ${unit}${text === '1' ? '' : 's'}`;
}

export const percentText = (share: number): string =>
  share > 0 && share < 0.01 ? '< 1 %' : `${Math.round(share * 100)} %`;

export const secondsText = (seconds: number): string =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${clockText(seconds)} min`;
