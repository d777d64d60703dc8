/**
 * Where everything of a chart lies: lines over coloured bands against time, in a box of any size. Pages and PDFs draw the
 * same geometry, each at the size of its medium; nothing here knows either.
 */
export interface Series {
  readonly times: ArrayLike<number>;
  /** NaN or nothing where nothing is known. */
  readonly values: ArrayLike<number | null | undefined>;
}

export interface ChartLine {
  readonly series: Series;
  readonly color: string;
  /** Of a line of usual width; a wider one shows below another that runs on top of it. */
  readonly width: number;
}

export interface ChartOptions {
  readonly label: string;
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Edges of bands that are no ticks, named at the right. */
  readonly limits?: readonly number[];
  readonly bands: readonly { readonly from: number; readonly to: number; readonly color: string }[];
  readonly isStepped: boolean;
  /** The time axis is that of the first. */
  readonly lines: readonly ChartLine[];
  /** Moments marked at the top, in the order in which they may hide each other. */
  readonly marks?: readonly { readonly t: number; readonly label: string }[];
}

export interface ChartSize {
  readonly width: number;
  readonly height: number;
  /** Of figures at the axes. */
  readonly fontSize: number;
}

export interface ChartDrawing {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
  readonly areas: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly color: string;
    readonly opacity: number;
  }[];
  /** Horizontal lines. */
  readonly grid: readonly { readonly x1: number; readonly x2: number; readonly y: number }[];
  /** Short vertical lines below the chart, at the times that are named there. */
  readonly ticks: readonly { readonly x: number; readonly y1: number; readonly y2: number }[];
  /** `y` is the baseline. */
  readonly texts: readonly {
    readonly x: number;
    readonly y: number;
    readonly anchor: 'start' | 'middle' | 'end';
    readonly text: string;
  }[];
  /** SVG path data. */
  readonly paths: readonly { readonly d: string; readonly color: string; readonly width: number }[];
  readonly marks: readonly {
    readonly x: number;
    readonly y: number;
    readonly r: number;
    readonly text: string;
  }[];
}

/** Time of which nothing is known, over whatever bands. */
export const UNSEEN_COLOR = '#b9bfca';
const BAND_OPACITY = 0.28;

interface Scale {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: (t: number) => number;
  readonly y: (value: number) => number;
}

export function layOutChart(options: ChartOptions, size: ChartSize): ChartDrawing | undefined {
  const { ticks, limits = [], bands, isStepped, lines, marks = [] } = options;
  const [first] = lines;
  if (!first || first.series.times.length === 0) return undefined;
  const scale = scaleOf(first.series, options, size);
  const { left, right, top, bottom } = scale;
  const areaOf = (from: number, to: number) => ({ y: scale.y(to), height: scale.y(from) - scale.y(to) });
  const times = timeTicks(first.series, scale, size);
  const unseen = unseenTimes(lines).map(([from, to]) => ({
    ...{ x: scale.x(from), width: Math.max(scale.x(to) - scale.x(from), 0.5), y: top },
    ...{ height: bottom - top, color: UNSEEN_COLOR, opacity: 0.75 },
  }));
  return {
    ...size,
    areas: [
      ...bands.map(({ from, to, color }) => ({
        ...{ ...areaOf(from, to), x: left, width: right - left, color, opacity: BAND_OPACITY },
      })),
      ...unseen,
    ],
    grid: ticks.map((tick) => ({ x1: left, x2: right, y: scale.y(tick) })),
    ticks: times.map(({ x }) => ({ x, y1: bottom, y2: bottom + size.fontSize * 0.35 })),
    texts: [
      ...valueTexts(ticks, scale, size),
      ...limitTexts(limits, scale, size),
      ...times.map(({ text }) => text),
    ],
    paths: lines.map(({ series, color, width }) => ({
      d: pathOf(thinned(series, Math.round(right - left)), scale, isStepped),
      ...{ color, width },
    })),
    marks: marks.map(({ t, label }) => ({
      x: scale.x(t),
      y: top - size.fontSize * 0.75,
      ...dot(size),
      text: label,
    })),
  };
}

const dot = ({ fontSize }: ChartSize) => ({ r: fontSize * 0.62 });

function scaleOf({ times }: Series, options: ChartOptions, { width, height, fontSize }: ChartSize): Scale {
  const { low, high, marks = [], limits = [] } = options;
  const { 0: from = 0, [times.length - 1]: to = 1 } = times;
  const span = Math.max(to - from, 1e-9);
  const [left, right] = [fontSize * 2.6, width - fontSize * (limits.length > 0 ? 2.6 : 0.7)];
  const [top, bottom] = [fontSize * (marks.length > 0 ? 1.7 : 0.6), height - fontSize * 1.7];
  return {
    ...{ left, right, top, bottom },
    x: (t) => left + ((t - from) / span) * (right - left),
    y: (value) => top + ((high - Math.min(Math.max(value, low), high)) / (high - low)) * (bottom - top),
  };
}

const valueTexts = (ticks: readonly number[], { left, y }: Scale, { fontSize }: ChartSize) =>
  ticks.map((tick) => ({
    ...{ x: left - fontSize * 0.5, y: y(tick) + fontSize * 0.35, anchor: 'end' as const },
    text: String(tick).replace('-', '−'),
  }));

const limitTexts = (limits: readonly number[], { right, y }: Scale, { fontSize }: ChartSize) =>
  limits.map((limit) => ({
    ...{ x: right + fontSize * 0.4, y: y(limit) + fontSize * 0.35, anchor: 'start' as const },
    text: `${String(limit).replace('-', '−')}°`,
  }));

/** Seconds between two times at the axis: parts and multiples of a minute and of an hour. */
const TIME_STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => 60 * minutes),
  ...[1, 2, 3, 6, 12, 24].map((hours) => 3600 * hours),
] as const;
/** Room of one, in ems of its figures. */
const TIME_EMS = 5;
/** Tenths have no exact multiples. */
const NEARLY = 1e-6;

/** Round times, as near to each other as their figures allow. */
function timeTicks({ times }: Series, { left, right, x }: Scale, { width, height, fontSize }: ChartSize) {
  const { 0: from = 0, [times.length - 1]: to = 0 } = times;
  const room = Math.max(1, Math.floor((right - left) / (fontSize * TIME_EMS)));
  const step = TIME_STEPS.find((one) => (to - from) / one <= room) ?? Math.ceil((to - from) / room);
  const [first, last] = [Math.ceil(from / step - NEARLY), Math.floor(to / step + NEARLY)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
    const t = (first + at) * step;
    const text = step < 1 ? clockOf(t) : clockOf(t).replace(/\.0$/, '');
    const isAtEnd = x(t) + text.length * fontSize * 0.3 > width;
    const anchor = isAtEnd ? ('end' as const) : ('middle' as const);
    return {
      x: x(t),
      text: { x: isAtEnd ? width : x(t), y: height - fontSize * 0.25, anchor, text },
    };
  });
}

const isKnown = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && !Number.isNaN(value);
const coordinate = (value: number) => value.toFixed(1);

/** Runs of known values as paths; where nothing is known there is a gap. */
function pathOf(series: Series, scale: Scale, isStepped: boolean): string {
  return isStepped ? stepsOf(series, scale) : lineOf(series, scale);
}

/** A step lasts until the next sample, and is one line however many samples it has. */
function stepsOf({ times, values }: Series, { x, y }: Scale): string {
  const parts: string[] = [];
  let height: string | undefined;
  for (let at = 0; at < values.length; at += 1) {
    const { [at]: value } = values;
    const to = coordinate(x(times[at] ?? 0));
    const next = isKnown(value) ? coordinate(y(value)) : undefined;
    const isLast = at === values.length - 1;
    if (height !== undefined && (next !== height || isLast)) parts.push(`H${to}`);
    if (next !== undefined && next !== height)
      parts.push(height === undefined ? `M${to} ${next}` : `V${next}`);
    height = next;
  }
  return parts.join('');
}

function lineOf({ times, values }: Series, { x, y }: Scale): string {
  const parts = Array.from(values, (value, at) =>
    isKnown(value)
      ? `${isKnown(values[at - 1]) ? 'L' : 'M'}${coordinate(x(times[at] ?? 0))} ${coordinate(y(value))}`
      : '',
  );
  return parts.join('');
}

/** Points that lie nearer than a pixel tell nothing; of each pixel the largest is kept, so that no peak is lost. */
function thinned({ times, values }: Series, points: number): Series {
  const size = Math.ceil(times.length / points);
  if (size <= 1) return { times, values };
  const starts = Array.from({ length: Math.ceil(times.length / size) }, (_, at) => at * size);
  return {
    times: starts.map((start) => times[start] ?? 0),
    values: starts.map((start) => largest(values, start, Math.min(start + size, values.length))),
  };
}

function largest(values: Series['values'], from: number, to: number): number | null {
  let most: number | null = null;
  for (let at = from; at < to; at += 1) {
    const { [at]: value } = values;
    if (isKnown(value)) most = Math.max(most ?? value, value);
  }
  return most;
}

/** Stretches of time in which no line has a value. */
function unseenTimes(lines: readonly ChartLine[]): [from: number, to: number][] {
  const times = lines[0]?.series.times ?? [];
  const found: [number, number][] = [];
  let isOpen = false;
  for (let at = 0; at < times.length; at += 1) {
    const { [at]: t = 0 } = times;
    const isSeen = lines.some(({ series }) => isKnown(series.values[at]));
    const last = found.at(-1);
    if (last && isOpen) last[1] = t;
    if (!isSeen && !isOpen) found.push([t, t]);
    isOpen = !isSeen;
  }
  return found;
}

/** 75.2 → 1:15.2; from an hour on 1:02:05. */
export function clockOf(seconds: number): string {
  if (seconds >= 3600) {
    const whole = Math.round(seconds);
    const two = (value: number) => String(value).padStart(2, '0');
    return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  }
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths - minutes * 600) / 10).toFixed(1).padStart(4, '0')}`;
}
