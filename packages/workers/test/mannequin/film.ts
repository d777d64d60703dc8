import { drawRoom } from './background.ts';
import { takePicture } from './camera.ts';
import { createCanvas } from './canvas.ts';
import { drawPeople } from './draw-people.ts';
import { createChance } from './random.ts';
import type { PictureSize, Scene } from './scenes.ts';
import type { PersonTruth } from './truth.ts';

/** Films a scene frame by frame. */
export interface FilmFrame {
  readonly index: number;
  readonly timeMs: number;
  /** RGB, row by row; valid until the next frame is asked for. */
  readonly rgb: Uint8ClampedArray;
  readonly people: readonly PersonTruth[];
}

export interface FilmOptions extends PictureSize {
  readonly framesPerSecond: number;
  readonly durationMs?: number | undefined;
}

export function* filmScene(scene: Scene, options: FilmOptions): Generator<FilmFrame> {
  const { widthPx, heightPx, framesPerSecond, durationMs = scene.durationMs } = options;
  const room = createCanvas(widthPx, heightPx);
  drawRoom(room, createChance(scene.seed));
  const canvas = createCanvas(widthPx, heightPx);
  const frames = Math.round((durationMs / 1000) * framesPerSecond);
  for (let index = 0; index < frames; index++) {
    const timeMs = (index * 1000) / framesPerSecond;
    canvas.rgb.set(room.rgb);
    const people = drawPeople(canvas, scene.peopleAt(timeMs, options));
    takePicture(canvas, scene.lightAt(timeMs), createChance(scene.seed * 1000 + index));
    yield { index, timeMs, rgb: canvas.rgb, people };
  }
}
