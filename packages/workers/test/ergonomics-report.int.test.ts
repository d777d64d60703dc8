import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildReport } from '../src/ergonomics/report/build-report.ts';
import { writeHtml } from '../src/ergonomics/report/html-report.ts';
import type { MomentPicture } from '../src/ergonomics/report/moment-picture.ts';
import { writePdf } from '../src/ergonomics/report/pdf-report.ts';
import { reportSequence } from '../src/ergonomics/results/report-sequence.ts';
import { type SequenceResult, withPictures } from '../src/ergonomics/results/result.ts';
import { parseSequence } from '../src/ergonomics/schema.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';
import { readPdfTexts } from './pdf-texts.ts';

/** The report on paper and on a page: both tell the same, of the same data. */
const TITLE = 'Montagelinie 4 · Γραμμή · Участок сборки';

function scored(more: object = {}): Promise<SequenceResult> {
  const frames = Array.from({ length: 400 }, (_, at) => {
    const bend = 40 - 35 * Math.cos(at / 25);
    const angles = { trunk: bend, neck: 8, leftArm: 20, rightArm: bend, elbow: 70, knee: 10 };
    return { t: at / 10, keypoints: at >= 90 && at < 130 ? null : drawMannequin(angles) };
  });
  const details = { workplace: 'Hall 3, line B', recorded: '12 May, early shift' };
  return reportSequence(parseSequence({ frames, title: TITLE, details, observed: { load_kg: 6 }, ...more }));
}
const STANDING = { trunk: 0, neck: 8, leftArm: 10, rightArm: 10, elbow: 70, knee: 5 };
/** The limit and index of the first were reckoned by hand from the manual's formulas. */
const LIFTS = [
  {
    ...{ name: 'pallet', H_cm: 40, V_cm: 30, D_cm: 60, A_deg: 30, lifts_per_min: 2, duration: '<=8h' },
    ...{ coupling: 'fair', load_kg: 8 },
  },
  { name: 'shelf', H_in: 30, V_in: 40, D_in: 10, FM: 0.9, load_lb: 20 },
];
/** Half of the time upright, half of it bent with the right arm raised. */
const bentFrames = () =>
  Array.from({ length: 200 }, (_, at) => ({
    t: at / 10,
    keypoints: drawMannequin({ ...STANDING, ...(at < 100 ? {} : { trunk: 75, rightArm: 100 }) }),
  }));
const flat = (text: string) => text.replaceAll(/\s+/g, '');

let result: SequenceResult;
let pdf: Buffer;
let pages: string[];
beforeAll(async () => {
  result = await scored();
  pdf = await writePdf(buildReport(result));
  pages = readPdfTexts(pdf);
});

describe('the PDF', () => {
  test('shows its title in Latin, Greek and Cyrillic letters, with fonts of its own', () => {
    expect(pages[0]).toContain(TITLE);
    expect(pages[0]).toContain('Hall 3, line B');
    expect(pdf.toString('latin1').match(/\/FontFile2/g)).toHaveLength(2);
  });

  test('shows letters that its fonts do not have as question marks', async () => {
    const [page] = readPdfTexts(await writePdf(buildReport({ ...result, title: '作業 4' })));
    expect(page).toContain('\ufffd\ufffd 4');
  });

  test('says on its first page where the risk comes from', async () => {
    const [first] = readPdfTexts(await writePdf(buildReport(await scored({ frames: bentFrames() }))));
    expect(first).toContain('What adds to the risk');
    expect(first).toMatch(/Trunk above 60°: 50\s% of the time/);
    expect(first).toMatch(/Right upper arm above 60°: 50\s% of the time/);
    expect(first).not.toMatch(/Left upper arm above/);
  });

  test('judges lifts that were told by the NIOSH equation, apart from what was seen', async () => {
    const lifted = await scored({ niosh: LIFTS });
    const [pallet, shelf] = lifted.summary.niosh;
    expect(pallet).toMatchObject({ RWL: 6.2123, LI: 1.28777, risk: 'increased', assumed: [] });
    expect(shelf).toMatchObject({ RWL_lb: 0, LI: null, risk: 'high', assumed: ['A_deg', 'coupling'] });
    const report = buildReport(lifted);
    const pagesOfIt = readPdfTexts(await writePdf(report));
    expect(pagesOfIt[0]).toMatch(/highest lifting index.*no load is recommended/s);
    const paper = flat(pagesOfIt.join(''));
    for (const text of [
      '0.895',
      '6.2 kg',
      '1.29',
      'increased',
      'up to 8 h',
      'Waters TR',
      'good *',
      'NIOSH frequency',
    ])
      expect(paper).toContain(flat(text));
    // Of a report without lifts nothing of it is told.
    expect(pages.join('')).not.toContain('NIOSH');
  });

  test('is never signed on a page of its own', () => {
    const signed = pages.find((page) => page.includes('Signature')) ?? '';
    expect(signed).toContain('Hignett');
  });

  test('numbers its pages', () => {
    expect(pages.length).toBeGreaterThan(2);
    for (const [at, page] of pages.entries()) expect(page).toContain(`page ${at + 1} of ${pages.length}`);
  });

  test('tells everything that the page tells', () => {
    const html = writeHtml(buildReport(result));
    const told = [...html.matchAll(/<(?:h2|h3|p|td|th|li|b)[^>]*>([^<]+)</g)].map(([, text = '']) =>
      text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
    );
    const paper = flat(pages.join(''));
    expect(told.length).toBeGreaterThan(100);
    expect(told.filter((text) => !paper.includes(flat(text)))).toEqual([]);
  });

  test('is the same, byte for byte, when it is made again of the same data', async () => {
    expect((await writePdf(buildReport(await scored()))).equals(pdf)).toBe(true);
  });

  test('of a recording in which nobody was seen says so', async () => {
    const frames = Array.from({ length: 20 }, (_, at) => ({ t: at / 10, keypoints: null }));
    const empty = readPdfTexts(await writePdf(buildReport(await scored({ frames })))).join('\n');
    expect(empty).toContain('There is no moment with a score.');
    expect(empty).toContain('No joint was seen.');
    expect(empty).toContain('100 %');
    expect(empty).not.toMatch(/NaN|undefined|Infinity/);
  });
});

test('pictures of worst moments are in the page, in the PDF and by name in the result', async () => {
  const jpeg = await sharp({ create: { width: 48, height: 60, channels: 3, background: '#336699' } })
    .jpeg()
    .toBuffer();
  const ranks = result.summary.worst_moments.map(({ rank }) => rank);
  expect(ranks.length).toBeGreaterThan(1);
  const pictures = ranks.map((rank): MomentPicture => ({ rank, jpeg, widthPx: 48, heightPx: 60 }));
  const report = buildReport(result, pictures);
  const inPage = writeHtml(report).match(/src="data:image\/jpeg;base64,[^"]+"/g) ?? [];
  expect(inPage).toHaveLength(ranks.length);
  const drawn = (await writePdf(report)).toString('latin1').match(/\/DCTDecode/g) ?? [];
  expect(drawn).toHaveLength(ranks.length);
  expect(withPictures(result, pictures).pictures[0]).toEqual({
    ...{ rank: 1, name: 'moment_1.jpg', width_px: 48, height_px: 60 },
  });
});

test('details that are too many or too long are refused by name', () => {
  const frames = [0, 1].map((t) => ({ t, keypoints: null }));
  const many = Object.fromEntries(Array.from({ length: 13 }, (_, at) => [`name ${at}`, 'text']));
  expect(() => parseSequence({ frames, details: many })).toThrow('details: expected at most 12');
  expect(() => parseSequence({ frames, details: { task: 7 } })).toThrow('details.task: expected text');
});
