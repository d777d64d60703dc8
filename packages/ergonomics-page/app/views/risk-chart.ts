import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h } from '../element.ts';
import { clockText, tenthsText } from '../format.ts';
import { heldScores } from '../held-scores.ts';
import type { Method, SequenceResult, WorstMoment } from '../result.ts';

/** Scores over time on bands of their levels; a gap is time without a score. */
export interface RiskChart {
  readonly element: HTMLElement;
  show(method: Method): void;
  remove(): void;
}

const HEIGHT_PX = 260;
/** Seconds between two times at the axis: parts and multiples of a minute and of an hour, never 2.5 or 40. */
const TIME_STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => 60 * minutes),
  ...[1, 2, 3, 6, 12, 24].map((hours) => 3600 * hours),
];
/** Above the chart, for the numbers of the worst moments. */
const MARKS_PX = 22;
const MARK_RADIUS_PX = 9;

export function createRiskChart(result: SequenceResult, onSeek: (seconds: number) => void): RiskChart {
  const element = h('div', { class: 'chart', role: 'img' });
  const times = (result.samples.t ?? []).map((t) => t ?? 0);
  const { total } = result.summary.seconds;
  let shown: Method | undefined;
  let plot: uPlot | undefined;

  function draw(): void {
    plot?.destroy();
    if (!shown || element.clientWidth === 0) return;
    const [at, scores] = heldScores(times, result.samples[shown.column] ?? [], total);
    plot = new uPlot(optionsFor(shown, result, { element, onSeek }), [at, scores], element);
  }
  // Also told when the page turns light or dark, whose colours are drawn into the picture.
  const theme = matchMedia('(prefers-color-scheme: dark)');
  const resized = new ResizeObserver(() => {
    if (plot && plot.width !== element.clientWidth)
      plot.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    else if (!plot) draw();
  });
  theme.addEventListener('change', draw);
  resized.observe(element);
  return {
    element,
    show(method) {
      shown = method;
      element.setAttribute(
        'aria-label',
        `${method.name} over time; the table below tells the share of each level`,
      );
      draw();
    },
    remove() {
      theme.removeEventListener('change', draw);
      resized.disconnect();
      plot?.destroy();
    },
  };
}

interface Drawn {
  readonly element: HTMLElement;
  readonly onSeek: (seconds: number) => void;
}

function optionsFor(method: Method, { summary }: SequenceResult, { element, onSeek }: Drawn): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const [ink, quiet, rule] = [color('--ink'), color('--quiet'), color('--rule')];
  const axis = {
    stroke: quiet,
    grid: { stroke: rule, width: 1 },
    ticks: { stroke: rule, width: 1 },
    font: '12px system-ui',
  };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    ...{ width: element.clientWidth, height: HEIGHT_PX, padding: [MARKS_PX, null, null, null] },
    legend: { live: true },
    scales: { x: { time: false }, y: { range: [0.5, method.highest + 0.5] } },
    cursor: { drag: { x: true, y: false } },
    axes: [
      {
        ...{ ...axis, incrs: TIME_STEPS, space: 64 },
        values: (_plot, ticks, _axis, _space, step) => ticks.map(step < 1 ? tenthsText : clockText),
      },
      // Every score where there is room, else every other one.
      { ...axis, size: 34, incrs: [1, 2], space: 18, grid: { show: false } },
    ],
    series: [
      { label: 'at', value: (_plot, value) => (value === null ? '–' : tenthsText(value)) },
      {
        ...{ label: method.name, stroke: ink, width: 1.75, spanGaps: false, points: { show: false } },
        value: (_plot, value) => (value === null ? '–' : String(value)),
        ...(stepped ? { paths: stepped } : {}),
      },
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, method, color)],
      draw: [(plot) => drawMarks(plot, summary.worst_moments, color)],
      ready: [
        (plot) => {
          plot.over.addEventListener('click', () => {
            const at = plot.cursor.left ?? -1;
            if (at >= 0 && plot.select.width === 0) onSeek(plot.posToVal(at, 'x'));
          });
        },
      ],
    },
  };
}

/** Of each level, in its risk colour. */
function drawBands(plot: uPlot, { levels, highest }: Method, color: (name: string) => string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const [at, { from, risk }] of levels.entries()) {
    const to = levels[at + 1]?.from ?? highest + 1;
    const top = plot.valToPos(to - 0.5, 'y', true);
    const bottom = plot.valToPos(from - 0.5, 'y', true);
    ctx.globalAlpha = 0.28;
    ctx.fillStyle = color(`--risk-${risk}`);
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }
  ctx.restore();
}

/** The worst moments by their numbers, above the line; the worst lies over others. */
function drawMarks(plot: uPlot, moments: readonly WorstMoment[], color: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const y = bbox.top - (MARKS_PX / 2) * ratio;
  ctx.save();
  ctx.font = `600 ${11 * ratio}px system-ui`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  for (const { rank, t } of moments.toReversed()) {
    const x = plot.valToPos(t, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.fillStyle = color('--ink');
    ctx.beginPath();
    ctx.arc(x, y, MARK_RADIUS_PX * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.fillStyle = color('--paper');
    ctx.fillText(String(rank), x, y + ratio);
  }
  ctx.restore();
}
