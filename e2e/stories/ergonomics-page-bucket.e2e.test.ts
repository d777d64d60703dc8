// The page where artifacts are in a bucket: the browser sends straight to it, past the gateway, as the rules let it that
// `spillway storage setup` wrote; over a pause and a reload, and on a page that somebody else hosts.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { openBucket } from '@spillway/artifacts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3Server } from '../../packages/artifacts/test/versity.ts';
import { bucketEnv } from '../harness/bucket.ts';
import { freePort } from '../harness/free-port.ts';
import {
  canShowPages,
  expectMomentPlays,
  expectMomentShown,
  openPageStage,
  PARTS,
  type PageStage,
} from '../harness/page-stage.ts';
import { makeLink, type PageVisit, uploadOverReload, watchParts } from '../harness/page-visit.ts';

const execute = promisify(execFile);
const CLI = join(import.meta.dirname, '../../packages/cli/bin/spillway.mjs');
const s3 = canShowPages ? await startS3Server('videos') : undefined;

describe.skipIf(!s3)('the page of ergonomics, with a bucket', () => {
  let stage: PageStage;
  let visitor: PageVisit;
  const { endpoint: bucketUrl = '' } = s3?.settings ?? {};
  /** Of both pages, what the bucket's rules make of it. */
  let written: string;

  beforeAll(async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    stage = await openPageStage(
      1,
      ([elsewhere]) => `publicUrl: http://${listen}\ncors: { origins: ["${elsewhere}"] }\n`,
    );
    const variables = bucketEnv(s3 as S3Server);
    const env = { ...process.env, ...variables };
    const setUp = ['storage', 'setup', '--config', 'endpoints.yaml'];
    ({ stdout: written } = await execute(process.execPath, [CLI, ...setUp], { cwd: stage.folder, env }));
    await stage.startGateway({ ...variables, SPILLWAY_TEST_LISTEN: listen });
  });
  afterAll(async () => {
    await stage?.close();
    await s3?.stop();
  });
  afterEach(async () => {
    const { complaints, sent } = await stage.leave();
    expect(complaints).toEqual([]);
    // Whatever a browser shows is the link's token, and a bucket is shown nothing but signatures.
    for (const { url, authorization } of sent)
      expect(authorization ?? '').toMatch(url.origin === bucketUrl ? /^$/ : /^(Bearer spu_.*)?$/);
  });

  async function visit(address: string): Promise<void> {
    visitor = await stage.visit((await makeLink(stage.gateway, address)).url);
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
    await visit(stage.ownPage);
    const { page, heading } = visitor;
    const parts = await uploadOverReload(visitor, stage.video);
    const { arrived } = parts;
    parts.pauseAfter = Number.POSITIVE_INFINITY;
    await heading('Worst moments').waitFor({ timeout: 300_000 });
    // What the bucket has acknowledged is not sent again.
    expect(arrived).toHaveLength(new Set(arrived).size);
    const puts = visitor.sent.filter(({ url }) => url.searchParams.has('partNumber'));
    expect(new Set(puts.map(({ url }) => url.origin))).toEqual(new Set([bucketUrl]));
    expect((await uploaded()).equals(readFileSync(stage.video))).toBe(true);
    await expectShown();
    const saved = page.waitForEvent('download');
    await page.getByRole('link', { name: /^Save the report/ }).click();
    const pdf = readFileSync(await (await saved).path());
    expect(String(pdf.subarray(0, 5))).toBe('%PDF-');
  });

  it('does so from a page that somebody else hosts', async () => {
    await visit(`${stage.sites[0]}/`);
    const { page, button, heading, choose } = visitor;
    const { arrived } = await watchParts(page);
    await choose(stage.video);
    await page.getByLabel(/^Low/).check();
    await button('Upload and analyse').click();
    await heading('Worst moments').waitFor({ timeout: 300_000 });
    expect(arrived.toSorted((a, b) => a - b)).toEqual(PARTS);
    await expectShown();
  });

  /** Pictures and the video, read from the bucket by the page. */
  async function expectShown(): Promise<void> {
    expect(await expectMomentShown(visitor)).toBe(bucketUrl);
    await expectMomentPlays(visitor);
  }
});
