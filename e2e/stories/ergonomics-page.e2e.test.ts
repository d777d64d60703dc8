// A visitor with a link and a browser: uploads a video over a pause, a reload and the death of the gateway, watches it
// being processed, and reads what was found; also on a page that somebody else hosts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import {
  canShowPages,
  expectMomentPlays,
  expectMomentShown,
  openPageStage,
  PARTS,
  type PageStage,
} from '../harness/page-stage.ts';
import { makeLink, type PageVisit, uploadOverReload, watchParts } from '../harness/page-visit.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';

describe.skipIf(!canShowPages)('the page of ergonomics', () => {
  let stage: PageStage;
  let visitor: PageVisit;
  let page: Page;

  beforeAll(async () => {
    stage = await openPageStage(2, ([listed]) => `cors: { origins: ["${listed}"] }\n`);
    await stage.startGateway();
  });
  afterAll(() => stage?.close());
  afterEach(async () => expect((await stage.leave()).complaints).toEqual([]));

  const link = (address: string, name?: string) => makeLink(stage.gateway, address, name);

  async function visit(url: string): Promise<void> {
    visitor = await stage.visit(url);
    ({ page } = visitor);
  }
  const choose = () => visitor.choose(stage.video);
  const field = (name: string) => page.getByLabel(name, { exact: true });
  const NUMBERS = { 'Reach H, cm': '40', 'Height V, cm': '30', 'Travel D, cm': '60', 'Lifts a minute': '2' };

  /** A lift is typed in before the upload begins; over a reload the browser keeps it. */
  function createLiftTeller(): () => Promise<void> {
    let isTold = false;
    return async () => {
      if (isTold) {
        for (const [name, text] of Object.entries(NUMBERS)) expect(await field(name).inputValue()).toBe(text);
        return;
      }
      isTold = true;
      await page.locator('summary').click();
      await button('Add a lift').click();
      await field('Name').fill('pallet');
      for (const [name, text] of Object.entries(NUMBERS)) await field(name).fill(text);
      await field('How long a day').selectOption('up to 8 hours');
      await field('Load, kg').fill('8');
    };
  }
  const button = (name: RegExp | string) => visitor.button(name);
  const heading = (name: RegExp | string) => visitor.heading(name);

  it('brings a video to its report over a pause, a reload and a kill of the gateway, and sends no part twice', async () => {
    const { url } = await link(stage.ownPage);
    await visit(url);
    await heading('Video').waitFor();
    // The token is in no address that a history keeps.
    expect(page.url()).toBe(`${stage.ownPage}/`);
    const parts = await uploadOverReload(visitor, stage.video, createLiftTeller());
    // The link is opened once more, as from a mail.
    const other = await page.context().newPage();
    await other.goto(url);
    await other.getByRole('heading', { name: 'Upload in another tab' }).waitFor();
    await stage.gateway.kill();
    parts.pauseAfter = Number.POSITIVE_INFINITY;
    await page.getByText(/does not answer\. Trying again/).waitFor();
    await stage.startGateway();
    await heading('Analysis').waitFor();
    // What has arrived is not sent again, and what is there is the file.
    expect(parts.arrived).toHaveLength(new Set(parts.arrived).size);
    const uploads = join(stage.folder, 'data/artifacts/objects/uploads');
    const [kept = ''] = readdirSync(uploads);
    expect(readFileSync(join(uploads, kept)).equals(readFileSync(stage.video))).toBe(true);
    // Closed and opened again, it shows how far the server is.
    await page.reload();
    await heading('Worst moments').waitFor({ timeout: 300_000 });
    await heading('Packing station 4').waitFor();
    await other.getByRole('heading', { name: 'Packing station 4' }).waitFor();
    await page.getByText('packing station.mp4').waitFor();
    // With its recommended weight limit and lifting index, by the NIOSH manual.
    const lift = page.getByRole('row', { name: /^pallet/ });
    expect(await lift.getByRole('cell').allTextContents()).toEqual(['8 kg', '7.2 kg', '1.11', 'increased']);
    const rows = page.locator('table.levels tbody tr');
    expect(await rows.count()).toBe(4);
    await page.getByText('OWAS', { exact: true }).click();
    await page.getByText('Share of time per level of OWAS').waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(1);
    const names = await page.locator('.downloads b').allTextContents();
    expect(names).toEqual(['PDF', 'HTML', 'XLSX', 'CSV', 'JSON', 'NPZ', 'PKL', 'MP4']);
    const saved = page.waitForEvent('download');
    await page.getByRole('link', { name: /^Save the report/ }).click();
    expect((await saved).suggestedFilename()).toMatch(/\.pdf$/);
    await expectMomentPlays(visitor);
    await expectMomentShown(visitor);
  });

  it('tells of a link that is over, and goes on with a new one where the upload was', async () => {
    const first = await link(stage.ownPage, 'ward 3');
    await visit(first.url);
    await heading('Video').waitFor();
    const parts = await watchParts(page);
    const { arrived } = parts;
    parts.pauseAfter = 1;
    await choose();
    // Length, size and type, before a byte is sent.
    await page.getByText('0:06').waitFor();
    await page.getByText('video/mp4').waitFor();
    await button('Upload and analyse').click();
    await until(() => arrived.length >= 1);
    await fetch(`${stage.gateway.url}/v1/upload-tokens/${first.id}`, {
      ...{ method: 'DELETE', headers: { authorization: `Bearer ${ADMIN_KEY}` } },
    });
    parts.pauseAfter = Number.POSITIVE_INFINITY;
    await heading('A link is needed').waitFor();
    await page.getByText('Ask whoever sent it for a new one').waitFor();
    await page.getByLabel('New link').fill('https://example.com/');
    await button('Go on').click();
    await page.getByText('That is no link to this page').waitFor();
    const before = [...arrived];
    await page.getByLabel('New link').fill((await link(stage.ownPage, 'ward 3')).url);
    await button('Go on').click();
    await button(/^Go on at \d+ %/).click();
    await heading('Analysis').waitFor();
    for (const part of before) expect(arrived.filter((one) => one === part)).toEqual([part]);
    // No report is wanted; nothing of it stays.
    await button('Cancel').click();
    await page.getByText(/was cancelled/).waitFor();
  });

  it('works where somebody else hosts it, if the gateway lists that origin', async () => {
    await visit((await link(`${stage.sites[0]}/`)).url);
    // Of the link 1 GiB, though the worker takes more.
    await page.getByText('up to 1.0 GiB').waitFor();
    const { arrived } = await watchParts(page);
    await choose();
    await page.getByLabel(/^Low/).check();
    await button('Upload and analyse').click();
    await heading('Worst moments').waitFor({ timeout: 300_000 });
    expect(arrived.toSorted((a, b) => a - b)).toEqual(PARTS);
    await expectMomentShown(visitor);
  });

  it('says on a page of an origin that is not listed what is to be done', async () => {
    await visit((await link(`${stage.sites[1]}/`)).url);
    await page.getByText(`does not let pages from ${stage.sites[1]} call it (cors.origins`).waitFor();
  });

  it('tells at its field what is wrong with a lift, by keyboard too, and sends nothing', async () => {
    await visit((await link(stage.ownPage)).url);
    await choose();
    await page.locator('summary').focus();
    await page.keyboard.press('Enter');
    await button('Add a lift').focus();
    await page.keyboard.press('Enter');
    // What was added has the focus.
    await page.keyboard.type('pallet');
    await page.keyboard.press('Tab');
    await page.keyboard.type('400 mm');
    await page.keyboard.press('Enter');
    await page.getByText('Expected a number, 0 to 200 cm.').waitFor();
    await page.getByText('Needed: 0 to 300 cm.').first().waitFor();
    const reach = field('Reach H, cm');
    expect(await reach.evaluate((one) => one.ownerDocument.activeElement === one)).toBe(true);
    expect(await reach.getAttribute('aria-invalid')).toBe('true');
    await reach.fill('40');
    await page.keyboard.press('Tab');
    await page.getByText('Expected a number').waitFor({ state: 'hidden' });
    await button('Add another lift').click();
    await button('Remove lift 1').click();
    expect(await field('Name').inputValue()).toBe('');
    await button('Remove lift 1').click();
    expect(visitor.sent.filter(({ url }) => url.pathname === '/v1/artifacts')).toEqual([]);
  });

  it('takes no video that is longer than the worker does, before a byte is sent', async () => {
    await visit((await makeLink(stage.gateway, stage.ownPage, undefined, 'clips')).url);
    await page.getByText('up to 1.0 GiB and 3.6 seconds').waitFor();
    await choose();
    await page.getByText(/“packing station.mp4” lasts 0:06; videos of at most 3.6 seconds/).waitFor();
    await heading('Video').waitFor();
    expect(visitor.sent.filter(({ url }) => url.pathname === '/v1/artifacts')).toEqual([]);
  });

  it('asks for a link where none is brought, and takes no file that is no video', async () => {
    await visit(stage.ownPage);
    await heading('A link is needed').waitFor();
    await page.getByLabel('New link').fill((await link(stage.ownPage)).url);
    await button('Go on').click();
    await heading('Video').waitFor();
    const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('does not look like a video').waitFor();
    const disguised = { name: 'notes.mp4', mimeType: 'video/mp4', buffer: Buffer.from('%PDF-1.7 hello') };
    await page.locator('input[type=file]').setInputFiles(disguised);
    await button('Upload and analyse').click();
    await heading(/That did not work/).waitFor();
    await page.getByText(/PDF/).waitFor();
  });
});
