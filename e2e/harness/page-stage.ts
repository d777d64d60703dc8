import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FFMPEG, findProgram } from '../../tools/system-programs.ts';
import { BROWSER, hostPageElsewhere, launchBrowser } from './browser.ts';
import { type GatewayProcess, makeFolder, spawnGateway, until } from './gateway-process.ts';
import { openVisit, type PageVisit, writeDetector, writeVideo } from './page-visit.ts';

const hasFfmpeg = findProgram(FFMPEG) !== undefined;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed (Debian: apt-get install ffmpeg)');
export const canShowPages = BROWSER !== undefined && hasFfmpeg;

const PART = 8 * 1024 ** 2;
/** Of the video, each to be sent once. */
export const PARTS = Array.from({ length: 12 }, (_, index) => index + 1);

/** What stories of the page need: a video in parts, a gateway with the worker, a browser, and one visitor at a time. */
export interface PageStage {
  readonly folder: string;
  /** Its file, `packing station.mp4`. */
  readonly video: string;
  /** Addresses of the page as others host it. */
  readonly sites: readonly string[];
  readonly gateway: GatewayProcess;
  /** Where the gateway itself serves the page. */
  readonly ownPage: string;
  /** Another one comes to the address of the one before. */
  startGateway(env?: Readonly<Record<string, string>>): Promise<void>;
  visit(url: string): Promise<PageVisit>;
  /** The visitor goes; what the browser complained of meanwhile, and everything that it sent. */
  leave(): Promise<Pick<PageVisit, 'complaints' | 'sent'>>;
  close(): Promise<void>;
}

/** @param settings what stands in the configuration before the endpoint, by the addresses of `siteCount` hosted pages. */
export async function openPageStage(
  siteCount: number,
  settings: (sites: readonly string[]) => string,
): Promise<PageStage> {
  const folder = makeFolder('', {});
  const video = join(folder.path, 'packing station.mp4');
  writeVideo(video, (PARTS.length - 1) * PART);
  let gateway: GatewayProcess | undefined;
  let visitor: PageVisit | undefined;
  const running = () => gateway as GatewayProcess;
  const hosted = await Promise.all(
    Array.from({ length: siteCount }, () => hostPageElsewhere(() => running().url)),
  );
  const sites = hosted.map(({ url }) => url);
  writeFileSync(join(folder.path, 'endpoints.yaml'), `${settings(sites)}${endpointFor(folder.path)}`);
  const browser = await launchBrowser();
  return {
    ...{ folder: folder.path, video, sites },
    get gateway() {
      return running();
    },
    get ownPage() {
      return `${running().url}/pages/ergonomics`;
    },
    async startGateway(env = {}) {
      const listen = gateway ? { SPILLWAY_TEST_LISTEN: new URL(gateway.url).host } : {};
      gateway = await spawnGateway(folder.path, [], { ...listen, ...env });
    },
    async visit(url) {
      visitor = await openVisit(browser, url);
      return visitor;
    },
    async leave() {
      const { complaints = [], sent = [] } = visitor ?? {};
      await visitor?.close();
      return { complaints, sent };
    },
    async close() {
      await browser.close();
      await gateway?.stop();
      await Promise.all(hosted.map((site) => site.close()));
      folder.remove();
    },
  };
}

const endpointFor = (folder: string) => `endpoints:
  ergonomics:
    worker: ergonomics
    workers: { max: 1 }
    env: { PERSON_DETECTOR: ${writeDetector(folder)}, VIDEO_SEGMENT_S: '2', ONNX_THREADS: '1' }
  clips: { worker: ergonomics, env: { VIDEO_MAX_HOURS: '0.001' } }
`;

/** A moment is shown in the video, which plays: not at its first frame, and there is one to be shown. */
export async function expectMomentPlays({ page }: PageVisit): Promise<void> {
  await page.locator('button.time').first().click();
  const seen = (name: string) =>
    page.locator('video').evaluate((one, of) => Number(Reflect.get(one, of)), name);
  await until(async () => (await seen('currentTime')) > 0.1 && (await seen('readyState')) >= 2);
}

/** The picture of the worst moment, once it can be seen; answers where it is from. */
export async function expectMomentShown({ page }: PageVisit): Promise<string> {
  const picture = page.locator('.moment img').first();
  await picture.scrollIntoViewIfNeeded();
  await until(async () => Number(await picture.evaluate((one) => Reflect.get(one, 'naturalWidth'))) > 0);
  return new URL(String(await picture.getAttribute('src'))).origin;
}
