import type { Canvas } from './canvas.ts';
import { type Chance, createChance } from './random.ts';

/** What light and camera make of a drawn picture. */
export interface Light {
  /** 1 leaves brightness as it is. */
  readonly gain: number;
  /** Gain of red, green, blue: the colour of the light. */
  readonly tint: readonly [number, number, number];
  /** How much brighter the right and the lower edge are than the left and the upper one. */
  readonly slope: readonly [number, number];
  /** Deviation of the noise, of 255. */
  readonly noise: number;
}

export const PLAIN_LIGHT: Light = { gain: 1, tint: [1, 1, 1], slope: [0, 0], noise: 0 };

const NOISE_SIZE = 1 << 16;
let noise: Float32Array | undefined;

/** Drawn once: what differs from picture to picture is where in it a row begins. */
function noiseTable(): Float32Array {
  const chance = createChance(1);
  noise ??= Float32Array.from({ length: NOISE_SIZE }, () => chance.normal());
  return noise;
}

/** Changes the canvas's pixels. */
export function takePicture(canvas: Canvas, light: Light, chance: Chance): void {
  const { widthPx, heightPx, rgb } = canvas;
  const { gain, tint, slope, noise: deviation } = light;
  const table = noiseTable();
  const [red, green, blue] = tint;
  for (let y = 0, at = 0; y < heightPx; y++) {
    const row = gain * (1 + slope[1] * (y / heightPx - 0.5));
    const step = (gain * slope[0]) / widthPx;
    let level = row - (step * widthPx) / 2;
    let grain = chance.below(NOISE_SIZE);
    for (let x = 0; x < widthPx; x++, at += 3, level += step) {
      grain = (grain + 3) & (NOISE_SIZE - 1);
      rgb[at] = (rgb[at] ?? 0) * level * red + deviation * (table[grain] ?? 0);
      rgb[at + 1] = (rgb[at + 1] ?? 0) * level * green + deviation * (table[grain + 1] ?? 0);
      rgb[at + 2] = (rgb[at + 2] ?? 0) * level * blue + deviation * (table[grain + 2] ?? 0);
    }
  }
}
