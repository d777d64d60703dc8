import type { Color, Ink } from '../../media/rasterizer.ts';
import { createTypeface, type Typeface } from '../../media/typeface.ts';
import { SIDES } from '../pose/body-angles.ts';
import type { ScoredPose } from '../pose/score-pose.ts';
import { clockOf } from '../report/chart-geometry.ts';
import { riskOf } from '../report/risk-levels.ts';
import type { Canvas } from './canvas.ts';
import { rgbOf, SIDE_INKS } from './part-colors.ts';

/**
 * The panel of a person: id and time, RULA and REBA of the worse side in the colour of their levels, and both sides below,
 * each with the colour of its edge in the skeleton. Where nothing is known it says so.
 */
export interface PanelContent {
  readonly id: string;
  /** Seconds. */
  readonly t: number;
  readonly scored: ScoredPose | undefined;
  /** Whoever is seen may still have no score: from the front, or without the trunk. */
  readonly isSeen: boolean;
}

const WHITE: Color = [255, 255, 255];
const QUIET: Color = [176, 184, 198];
const BACK: Ink = { color: [16, 18, 24], alpha: 0.78 };

export interface PanelStyle {
  readonly typeface: Typeface;
  readonly small: Typeface;
  readonly padding: number;
  readonly width: number;
  readonly height: number;
}

/** @param scale 1 has capitals of 10 pixels. */
export function createPanelStyle(scale: number): PanelStyle {
  const [typeface, small] = [createTypeface(scale * 1.25), createTypeface(scale)];
  const padding = Math.round(8 * scale);
  return {
    ...{ typeface, small, padding },
    width: Math.round(4 * padding + typeface.measure('RULA 15 ') + small.measure('change soon  ')),
    height: 3 * small.capHeight + 2 * typeface.capHeight + Math.round(padding * 7),
  };
}

export function drawPanel(
  canvas: Canvas,
  { id, t, scored, isSeen }: PanelContent,
  at: { readonly x: number; readonly y: number },
  style: PanelStyle,
): void {
  const { small, typeface, padding, width, height } = style;
  canvas.fillBox({ x_min: at.x, y_min: at.y, x_max: at.x + width, y_max: at.y + height }, BACK);
  const [left, right] = [at.x + padding, at.x + width - padding];
  const time = clockOf(t);
  const without = isSeen ? 'no score' : 'not seen';
  const room = right - left - small.measure(time) - padding;
  let top = at.y + padding;
  canvas.write(small, small.fit(id, room), left, top, { color: WHITE, alpha: 1 });
  canvas.write(small, time, right - small.measure(time), top, { color: QUIET, alpha: 1 });
  top += small.capHeight + padding;
  for (const method of ['rula', 'reba'] as const) {
    const score = method === 'rula' ? scored?.rula?.grand : scored?.reba?.final;
    drawScore(canvas, { method, score, without }, { x: left, y: top }, style);
    top += typeface.capHeight + Math.round(padding * 1.5);
  }
  top += Math.round(padding * 0.25);
  for (const side of SIDES) {
    const own = scored?.sides[side];
    const key = small.capHeight;
    canvas.fillBox(
      { x_min: left, y_min: top, x_max: left + key, y_max: top + key },
      { color: SIDE_INKS[side], alpha: 1 },
    );
    const scores = own?.rula && own.reba ? `${own.rula.grand} · ${own.reba.final}` : without;
    canvas.write(small, side, left + key + padding, top, { color: QUIET, alpha: 1 });
    canvas.write(small, scores, right - small.measure(scores), top, {
      color: own?.rula ? WHITE : QUIET,
      alpha: 1,
    });
    top += key + Math.round(padding * 0.75);
  }
}

function drawScore(
  canvas: Canvas,
  {
    method,
    score,
    without,
  }: {
    readonly method: 'rula' | 'reba';
    readonly score: number | undefined;
    readonly without: string;
  },
  { x, y }: { readonly x: number; readonly y: number },
  { typeface, small, padding }: PanelStyle,
): void {
  const half = Math.round(padding / 2);
  const name = method.toUpperCase();
  canvas.write(typeface, name, x, y + half, { color: WHITE, alpha: 1 });
  const from = x + typeface.measure('RULA') + padding;
  const lower = y + half + typeface.capHeight - small.capHeight;
  if (score === undefined) {
    canvas.write(small, without, from, lower, { color: QUIET, alpha: 1 });
    return;
  }
  const { name: level, color: hex } = riskOf(method, score);
  const color = rgbOf(hex);
  const width = typeface.measure('15') + padding;
  canvas.fillBox(
    { x_min: from, y_min: y, x_max: from + width, y_max: y + typeface.capHeight + padding },
    { color, alpha: 1 },
  );
  const text = String(score);
  const inside = from + Math.round((width - typeface.measure(text)) / 2);
  canvas.write(typeface, text, inside, y + half, { color: readableOn(color), alpha: 1 });
  canvas.write(small, level.replace(/ \(.*/, ''), from + width + padding, lower, { color: WHITE, alpha: 1 });
}

const readableOn = ([red, green, blue]: Color): Color =>
  0.2126 * red + 0.7152 * green + 0.0722 * blue > 140 ? [20, 22, 26] : WHITE;
