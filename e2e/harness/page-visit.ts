import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page, Request } from 'playwright-core';
import { filmScene } from '../../packages/workers/test/mannequin/film.ts';
import { SCENES } from '../../packages/workers/test/mannequin/scenes.ts';
import { type GatewayProcess, until } from './gateway-process.ts';

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
async function slowDown(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const line = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond };
  await session.send('Network.emulateNetworkConditions', line);
}

export interface PartWatch {
  /** Numbers of parts whose PUTs were answered, by the gateway or by a bucket, in the order of the answers. */
  readonly arrived: number[];
  /** Once so many have arrived, no other one is begun: what is to happen in the middle may take its time. */
  pauseAfter: number;
}

export async function watchParts(page: Page): Promise<PartWatch> {
  const watch: PartWatch = { arrived: [], pauseAfter: Number.POSITIVE_INFINITY };
  const { arrived } = watch;
  page.on('requestfinished', (request: Request) => {
    const { searchParams } = new URL(request.url());
    const part = searchParams.get('part') ?? searchParams.get('partNumber');
    if (request.method() === 'PUT' && part !== null) arrived.push(Number(part));
  });
  await page.route(/\/v1\/artifacts\/[^/]+\/parts$/, async (route) => {
    const mayGo = () => arrived.length < watch.pauseAfter || page.isClosed();
    if (route.request().method() === 'POST') await until(mayGo);
    // The page may have given up on it meanwhile.
    await route.continue().catch(() => undefined);
  });
  return watch;
}

/**
 * Uploads a video at low quality, with a pause and a reload in its middle, and goes on. Answers once one more part has
 * arrived; from then on none is begun until `pauseAfter` is raised. `onForm` is called before it begins, and again before it
 * goes on.
 */
export async function uploadOverReload(
  { page, choose, button, heading }: PageVisit,
  video: string,
  onForm: () => Promise<void> = async () => undefined,
): Promise<PartWatch> {
  const watch = await watchParts(page);
  const { arrived } = watch;
  const oneMore = async (begin: () => Promise<void>): Promise<void> => {
    const before = arrived.length;
    watch.pauseAfter = before + 1;
    await begin();
    await until(() => arrived.length > before);
  };
  await slowDown(page, 24e6);
  await choose(video);
  await page.getByLabel(/^Low/).check();
  await page.getByLabel(/Title of the report/).fill('Packing station 4');
  await onForm();
  await oneMore(() => button('Upload and analyse').click());
  await button('Pause').click();
  await page.getByText('paused').waitFor();
  await oneMore(() => button('Resume').click());
  await page.reload();
  await heading('Go on with an upload').waitFor();
  await page.getByText(/% of packing station.mp4 .* is on the server already/).waitFor();
  await slowDown(page, 24e6);
  await choose(video);
  await onForm();
  await oneMore(() => button(/^Go on at \d+ %/).click());
  return watch;
}

/** Of an upload token, as its visitor gets it. */
export async function makeLink(
  gateway: GatewayProcess,
  address: string,
  visitor?: string,
  endpoint = 'ergonomics',
): Promise<{ readonly url: string; readonly id: string }> {
  const wanted = { endpoint, maxBytes: 1024 ** 3, ...(visitor ? { visitor } : {}) };
  const made = (await (await gateway.call('/v1/upload-tokens', wanted)).json()) as {
    token: string;
    id: string;
  };
  return { url: `${address}#endpoint=${endpoint}&token=${made.token}`, id: made.id };
}

/** Somebody with a browser of their own, which keeps nothing of visits before. */
export interface PageVisit {
  readonly page: Page;
  /** What the browser complains of: refused by the page's policy, errors of its script. */
  readonly complaints: readonly string[];
  /** Every request so far: where it went, and what it showed there. */
  readonly sent: readonly { readonly url: URL; readonly authorization: string | undefined }[];
  choose(file: string): Promise<void>;
  button(name: RegExp | string): Locator;
  heading(name: RegExp | string): Locator;
  close(): Promise<void>;
}

export async function openVisit(browser: Browser, url: string): Promise<PageVisit> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(150_000);
  const complaints: string[] = [];
  const sent: { url: URL; authorization: string | undefined }[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) =>
    sent.push({ url: new URL(request.url()), authorization: request.headers().authorization }),
  );
  await page.goto(url);
  return {
    ...{ page, complaints, sent },
    choose: (file) => page.locator('input[type=file]').setInputFiles(file),
    button: (name) => page.getByRole('button', { name, exact: true }),
    heading: (name) => page.getByRole('heading', { name, exact: true }),
    close: () => context.close(),
  };
}
