// The page where artifacts are in a bucket: the browser sends straight to it, past the gateway, as the rules let it that
// `spillway storage setup` wrote; over a pause and a reload, and on a page that somebody else hosts.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { openBucket } from '@spillway/artifacts';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3Server } from '../../packages/artifacts/test/versity.ts';
import { FFMPEG, findProgram } from '../../tools/system-programs.ts';
import { BROWSER, hostPageElsewhere, launchBrowser, type Site } from '../harness/browser.ts';
import { bucketEnv } from '../harness/bucket.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import {
  makeLink,
  openVisit,
  type PageVisit,
  slowDown,
  watchParts,
  writeDetector,
  writeVideo,
} from '../harness/page-visit.ts';

const execute = promisify(execFile);
const CLI = join(import.meta.dirname, '../../packages/cli/bin/spillway.mjs');
const hasFfmpeg = findProgram(FFMPEG) !== undefined;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');
const canRun = BROWSER !== undefined && hasFfmpeg;
const s3 = canRun ? await startS3Server('videos') : undefined;

const PART = 8 * 1024 ** 2;
const PARTS = Array.from({ length: 12 }, (_, index) => index + 1);

describe.skipIf(!s3)('the page of ergonomics, with a bucket', () => {
  let folder: ReturnType<typeof makeFolder>;
  let video: string;
  let browser: Browser;
  let gateway: GatewayProcess;
  let elsewhere: Site;
  let visitor: PageVisit;
  const { endpoint: bucketUrl = '' } = s3?.settings ?? {};
  /** Of both pages, what the bucket's rules make of it. */
  let written: string;

  beforeAll(async () => {
    folder = makeFolder('', {});
    video = join(folder.path, 'packing station.mp4');
    writeVideo(video, 11 * PART);
    elsewhere = await hostPageElsewhere(() => gateway.url);
    const listen = `127.0.0.1:${await freePort()}`;
    const yaml = `publicUrl: http://${listen}
cors: { origins: ["${elsewhere.url}"] }
endpoints:
  ergonomics:
    worker: ergonomics
    workers: { max: 1 }
    env: { PERSON_DETECTOR: ${writeDetector(folder.path)}, VIDEO_SEGMENT_S: '2', ONNX_THREADS: '1' }
`;
    writeFileSync(join(folder.path, 'endpoints.yaml'), yaml);
    const variables = bucketEnv(s3 as S3Server);
    const env = { ...process.env, ...variables };
    const setUp = ['storage', 'setup', '--config', 'endpoints.yaml'];
    ({ stdout: written } = await execute(process.execPath, [CLI, ...setUp], { cwd: folder.path, env }));
    gateway = await spawnGateway(folder.path, [], { ...variables, SPILLWAY_TEST_LISTEN: listen });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
    await elsewhere?.close();
    await s3?.stop();
    folder?.remove();
  });
  afterEach(async () => {
    await visitor.close();
    expect(visitor.complaints).toEqual([]);
    // Whatever a browser shows is the link's token, and a bucket is shown nothing but signatures.
    for (const { url, authorization } of visitor.sent)
      expect(authorization ?? '').toMatch(url.origin === bucketUrl ? /^$/ : /^(Bearer spu_.*)?$/);
  });

  async function visit(address: string): Promise<void> {
    visitor = await openVisit(browser, (await makeLink(gateway, address)).url);
    await visitor.heading('Video').waitFor();
  }
  /** What came to the bucket, and is no page's or gateway's own. */
  async function uploaded(): Promise<Buffer> {
    const store = await openBucket((s3 as S3Server).settings, { now: Date.now });
    const found: { key: string; modifiedAt: number }[] = [];
    for await (const one of store.list('uploads/')) found.push(one);
    const [newest] = found.toSorted((a, b) => b.modifiedAt - a.modifiedAt);
    return buffer((await store.get(newest?.key ?? '')).stream);
  }

  it('sends every part straight to the bucket, over a pause and a reload, and shows the report from there', async () => {
    expect(written).toMatch(/cors: add spillway: GET, HEAD, PUT from http/);
    await visit(`${gateway.url}/pages/ergonomics`);
    const { page, button, heading, choose } = visitor;
    const arrived = watchParts(page);
    await slowDown(page, 24e6);
    await choose(video);
    await page.getByLabel(/^Low/).check();
    await button('Upload and analyse').click();
    await until(() => arrived.length >= 1);
    await button('Pause').click();
    await page.getByText('paused').waitFor();
    const atPause = arrived.length;
    await button('Resume').click();
    await until(() => arrived.length > atPause);
    await page.reload();
    await page.getByText(/% of packing station.mp4 .* is on the server already/).waitFor();
    await choose(video);
    await button(/^Go on at \d+ %/).click();
    await heading('Worst moments').waitFor({ timeout: 120_000 });
    expect((await uploaded()).equals(readFileSync(video))).toBe(true);
    // What the bucket has acknowledged is not sent again.
    expect(arrived).toHaveLength(new Set(arrived).size);
    const puts = visitor.sent.filter(({ url }) => url.searchParams.has('partNumber'));
    expect(new Set(puts.map(({ url }) => url.origin))).toEqual(new Set([bucketUrl]));
    expect((await uploaded()).equals(readFileSync(video))).toBe(true);
    await expectShown();
    const saved = page.waitForEvent('download');
    await page.getByRole('link', { name: /PDF/ }).click();
    const pdf = readFileSync(await (await saved).path());
    expect(String(pdf.subarray(0, 5))).toBe('%PDF-');
  });

  it('does so from a page that somebody else hosts', async () => {
    await visit(`${elsewhere.url}/`);
    const { page, button, heading, choose } = visitor;
    const arrived = watchParts(page);
    await choose(video);
    await page.getByLabel(/^Low/).check();
    await button('Upload and analyse').click();
    await heading('Worst moments').waitFor({ timeout: 120_000 });
    expect(arrived.toSorted((a, b) => a - b)).toEqual(PARTS);
    await expectShown();
  });

  /** Pictures and the video, read from the bucket by the page. */
  async function expectShown(): Promise<void> {
    const { page } = visitor;
    const picture = page.locator('.moment img').first();
    await picture.scrollIntoViewIfNeeded();
    await until(async () => Number(await picture.evaluate((one) => Reflect.get(one, 'naturalWidth'))) > 0);
    expect(new URL(String(await picture.getAttribute('src'))).origin).toBe(bucketUrl);
    await page.locator('button.time').first().click();
    const seen = (name: string) =>
      page.locator('video').evaluate((one, of) => Number(Reflect.get(one, of)), name);
    await until(async () => (await seen('currentTime')) > 0.1 && (await seen('readyState')) >= 2);
  }
});
