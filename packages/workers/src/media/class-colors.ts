import type { Color } from './rasterizer.ts';

/**
 * One colour a class of defect, told apart from its neighbours in the list and from concrete, rust and sky. Red is for
 * the class that is met most often.
 */
const CLASS_COLORS: Readonly<Record<string, Color>> = Object.freeze({
  crack: [235, 52, 64],
  spalling: [38, 132, 255],
  stain: [255, 196, 0],
  corrosion: [255, 122, 26],
  rust: [176, 74, 20],
  efflorescence: [0, 196, 200],
  exposed_rebar: [226, 60, 205],
  delamination: [46, 184, 92],
  deformation: [128, 86, 240],
  scaling: [150, 210, 40],
  popout: [255, 128, 160],
  honeycomb: [0, 140, 130],
});

/** For classes of other models: the same name gets the same colour in every picture. */
const OTHER_COLORS: readonly Color[] = Object.freeze([
  [94, 150, 230],
  [230, 126, 70],
  [90, 190, 120],
  [200, 100, 220],
  [220, 190, 60],
  [70, 190, 200],
]);

/** Structures stay in the background of the drawing. */
export const STRUCTURE_COLOR: Color = [236, 240, 245];

export function colorOfClass(name: string): Color {
  const known = Object.hasOwn(CLASS_COLORS, name) ? CLASS_COLORS[name] : undefined;
  if (known) return known;
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return OTHER_COLORS[sum % OTHER_COLORS.length] ?? STRUCTURE_COLOR;
}

/** Black or white, whichever reads better on a colour (relative luminance of WCAG 2, weights only). */
export function textColorOn([red, green, blue]: Color): Color {
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 140 ? [20, 22, 26] : [255, 255, 255];
}
