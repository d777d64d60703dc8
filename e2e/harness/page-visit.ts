import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Request } from 'playwright-core';
import { filmScene } from '../../packages/workers/test/mannequin/film.ts';
import { SCENES } from '../../packages/workers/test/mannequin/scenes.ts';

const DETECTOR = join(import.meta.dirname, '../../packages/workers/test/fixtures/official-rf-detr.onnx');

/** A model folder whose detector says of every picture that a person is in its upper left quarter. */
export function writeDetector(folder: string): string {
  const bytes = readFileSync(DETECTOR);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const place = join(folder, 'quarter');
  mkdirSync(join(place, 'onnx'), { recursive: true });
  writeFileSync(join(place, 'onnx/model.onnx'), bytes);
  const card = {
    ...{ id: 'quarter', contract: 'rf-detr', variant: 'tiny', demo: true, licence: 'MIT', source: 'test' },
    labels: { 0: 'ball', 1: 'person', 2: 'chair' },
    files: { 'onnx/model.onnx': { sha256, bytes: bytes.length } },
    roles: { model: 'onnx/model.onnx' },
  };
  writeFileSync(join(place, 'model.json'), JSON.stringify(card));
  return place;
}

/** A rendered person at work, six seconds, made so long by bytes that players skip that it goes in parts. */
export function writeVideo(file: string, padBytes: number): void {
  const film = filmScene(SCENES.lifting, {
    ...{ widthPx: 320, heightPx: 240, framesPerSecond: 5, durationMs: 6_000 },
  });
  const input = Buffer.concat([...film].map(({ rgb }) => Buffer.from(rgb)));
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', '320x240', '-r', '5', '-i', '-'];
  const code = ['-vf', 'pad=640:480:0:0', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...raw, ...code, '-movflags', '+faststart', file], { input });
  const box = Buffer.alloc(padBytes, 0x5a);
  box.writeUInt32BE(padBytes, 0);
  box.write('free', 4, 'latin1');
  writeFileSync(file, Buffer.concat([readFileSync(file), box]));
}

/** So slow that there is something to see between two parts. */
export async function slowDown(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const line = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond };
  await session.send('Network.emulateNetworkConditions', line);
}

/** Numbers of parts whose PUTs were answered, in the order of the answers. */
export function watchParts(page: Page): number[] {
  const arrived: number[] = [];
  page.on('requestfinished', (request: Request) => {
    const part = new URL(request.url()).searchParams.get('part');
    if (request.method() === 'PUT' && part !== null) arrived.push(Number(part));
  });
  return arrived;
}
