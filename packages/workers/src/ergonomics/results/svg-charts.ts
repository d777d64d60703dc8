/** Charts as SVG text: steps over time, a bar of shares, and a line over bands. No scripts and nothing from elsewhere. */
export interface Series {
  readonly times: readonly number[];
  readonly values: readonly (number | null | undefined)[];
}

const WIDTH = 960;
const LEFT = 44;
const HEIGHT = 150;
const BOTTOM = 22;

const coordinate = (value: number) => value.toFixed(1);

interface Scale {
  readonly x: (t: number) => number;
  readonly y: (value: number) => number;
}

function scaleOf({ times }: Series, low: number, high: number): Scale {
  const [from = 0, to = 1] = [times[0], times.at(-1)];
  const span = Math.max(to - from, 1e-9);
  return {
    x: (t) => LEFT + ((t - from) / span) * (WIDTH - LEFT - 8),
    y: (value) => 8 + ((high - Math.min(Math.max(value, low), high)) / (high - low)) * (HEIGHT - BOTTOM - 8),
  };
}

/** Runs of known values as paths; where nothing is known there is a gap. */
function pathOf(series: Series, { x, y }: Scale, isStepped: boolean): string {
  let isDrawing = false;
  const parts: string[] = [];
  for (const [at, value] of series.values.entries()) {
    const t = series.times[at];
    if (value === null || value === undefined || t === undefined) {
      isDrawing = false;
      continue;
    }
    const to = `${coordinate(x(t))}`;
    if (!isDrawing) parts.push(`M${to} ${coordinate(y(value))}`);
    else parts.push(isStepped ? `H${to}V${coordinate(y(value))}` : `L${to} ${coordinate(y(value))}`);
    isDrawing = true;
  }
  return parts.join('');
}

/** Points that lie nearer than a pixel tell nothing; of each pixel the largest is kept, so that no peak is lost. */
export function thinned(series: Series, points = WIDTH): Series {
  const size = Math.ceil(series.times.length / points);
  if (size <= 1) return series;
  const starts = Array.from({ length: Math.ceil(series.times.length / size) }, (_, at) => at * size);
  return {
    times: starts.map((start) => series.times[start] ?? 0),
    values: starts.map((start) =>
      series.values
        .slice(start, start + size)
        .reduce<number | null>(
          (most, value) => (value === null || value === undefined ? most : Math.max(most ?? value, value)),
          null,
        ),
    ),
  };
}

export interface ChartBand {
  readonly from: number;
  readonly to: number;
  readonly color: string;
}

export interface ChartOptions {
  readonly label: string;
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  readonly bands: readonly ChartBand[];
  readonly isStepped: boolean;
  readonly lines: readonly { readonly series: Series; readonly color: string }[];
}

/** Lines over coloured bands; the time axis is that of the first line. */
export function chart({ label, low, high, ticks, bands, isStepped, lines }: ChartOptions): string {
  const [first] = lines;
  if (!first) return '';
  const scale = scaleOf(first.series, low, high);
  const right = WIDTH - 8;
  const areas = bands.map(({ from, to, color }) => {
    const [top, bottom] = [scale.y(to), scale.y(from)];
    return `<rect x="${LEFT}" y="${coordinate(top)}" width="${right - LEFT}" height="${coordinate(bottom - top)}" fill="${color}" opacity=".28"/>`;
  });
  const marks = ticks.map(
    (tick) =>
      `<line x1="${LEFT}" x2="${right}" y1="${coordinate(scale.y(tick))}" y2="${coordinate(scale.y(tick))}" class="grid"/>` +
      `<text x="${LEFT - 6}" y="${coordinate(scale.y(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const [from = 0, to = 0] = [first.series.times[0], first.series.times.at(-1)];
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const t = from + (to - from) * share;
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
    return `<text x="${coordinate(scale.x(t))}" y="${HEIGHT - 5}" text-anchor="${anchor}">${clockOf(t)}</text>`;
  });
  const paths = lines.map(
    ({ series, color }) =>
      `<path d="${pathOf(thinned(series), scale, isStepped)}" fill="none" stroke="${color}" stroke-width="1.6"/>`,
  );
  const body = [...areas, ...marks, ...times, ...paths].join('');
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${body}</svg>`;
}

/** Shares that add up to 1, side by side. */
export function shareBar(
  shares: readonly { readonly share: number; readonly color: string; readonly label: string }[],
) {
  const parts = shares
    .filter(({ share }) => share > 0)
    .map(({ share, color, label }) => {
      const percent = (share * 100).toFixed(1);
      return `<span style="width:${percent}%;background:${color}" title="${label}: ${percent} %">${share >= 0.06 ? `${Math.round(share * 100)} %` : ''}</span>`;
    });
  return `<div class="bar">${parts.join('')}</div>`;
}

/** 75.2 → 1:15.2 */
export function clockOf(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths - minutes * 600) / 10).toFixed(1).padStart(4, '0')}`;
}
