// What must not get through to the clip worker, as jobs and over its own HTTP routes: each has its code, and no answer
// tells of the inside.
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { expectNothingOfTheInside, type Fields, openClipBench } from './clip-bench.ts';
import { JPEG } from './fixtures/picture-server.ts';

const IMAGE = JPEG.toString('base64');
const bench = await openClipBench();
const { asked, at, byEveryWay, jobSigned, postSigned } = bench;
afterAll(() => bench.close());
beforeEach(() => bench.asked.clear());

describe('a URL that leads inside', () => {
  test.each([
    ['an address of a private network', 'http://10.0.0.7/a.jpg'],
    ['loopback', 'http://127.0.0.2/a.jpg'],
    ['an address of the link', 'http://169.254.169.254/latest/meta-data'],
    ['no address', 'http://0.0.0.0/a.jpg'],
    ['a decimal address', 'http://167772167/a.jpg'],
    ['an octal address', 'http://012.0.0.07/a.jpg'],
    ['a hexadecimal address', 'http://0x0a000007/a.jpg'],
    ['a shortened address', 'http://127.2/a.jpg'],
    ['full-width digits', 'http://１０.０.０.７/a.jpg'],
    ['IPv6 loopback', 'http://[::1]/a.jpg'],
    ['IPv4 within IPv6', 'http://[::ffff:127.0.0.2]/a.jpg'],
    ['IPv4 within IPv6, in hexadecimal', 'http://[::ffff:a00:7]/a.jpg'],
    ['an IPv6 address of the link', 'http://[fe80::1]/a.jpg'],
    ['an IPv6 address of a private network', 'http://[fc00::7]/a.jpg'],
    ['a translated address', 'http://[64:ff9b::a00:7]/a.jpg'],
    ['a tunnelled address', 'http://[2002:a00:7::]/a.jpg'],
    ['a name of the inside', 'http://inside.test/a.jpg'],
    ['a name that is inside, too', 'http://both.test/a.jpg'],
    ['a name that is inside by IPv6', 'http://six.test/a.jpg'],
  ])('by %s is not fetched', async (_name, url) => {
    const [asJob, overHttp] = await byEveryWay(url);
    expect(asJob).toMatchObject({ status: 'FAILED', code: 'DOWNLOAD_ERROR' });
    expect(overHttp).toMatchObject({ status: 422, code: 'DOWNLOAD_ERROR' });
    expect(overHttp?.message).toMatch(/not on the public internet/);
  });

  test.each(['to-metadata.jpg', 'to-inside.jpg', 'to-file.jpg', 'round.jpg'])(
    'by the redirect %s is not followed',
    async (file) => {
      const outcomes = await byEveryWay(at(file));
      const codes = outcomes.map(({ code }) => code);
      expect(codes).toEqual(
        file === 'to-file.jpg' ? Array(2).fill('INPUT_INVALID') : Array(2).fill('DOWNLOAD_ERROR'),
      );
    },
  );

  test('by a name that changes its mind is not fetched, not on a redirect either', async () => {
    const item = { image_url: at('again.jpg', 'changes.test') };
    expect(await postSigned('/v1/embed/image', item)).toMatchObject({ status: 422, code: 'DOWNLOAD_ERROR' });
    asked.clear();
    // Asked once, the address that was checked is the one that is called.
    expect((await jobSigned({ image_url: at('good.jpg', 'changes.test') })).status).toBe('COMPLETED');
    expect(asked.get('changes.test')).toBe(1);
  });

  test.each([
    'file:///etc/passwd',
    'ftp://pictures.test/a.jpg',
    'data:text/html,x',
    'http://u:p@pictures.test/',
    'x',
  ])('by %s is no URL that is fetched', async (url) => {
    const outcomes = await byEveryWay(url);
    expect(outcomes.map(({ code }) => code)).toEqual(['INPUT_INVALID', 'INPUT_INVALID']);
  });
});

describe('what a URL answers', () => {
  test.each([
    ['hangs.jpg', 'DOWNLOAD_ERROR', 502],
    ['stops.jpg', 'DOWNLOAD_ERROR', 502],
    ['endless.jpg', 'DOWNLOAD_ERROR', 422],
    ['large.jpg', 'DOWNLOAD_ERROR', 422],
    ['claims-large.jpg', 'DOWNLOAD_ERROR', 422],
    ['claims-more.jpg', 'DOWNLOAD_ERROR', 502],
    ['gzipped.jpg', 'DOWNLOAD_ERROR', 422],
    ['zip-bomb.jpg', 'DOWNLOAD_ERROR', 422],
    ['missing.jpg', 'DOWNLOAD_ERROR', 502],
    ['empty.jpg', 'INPUT_INVALID', 400],
    ['page.jpg', 'INPUT_INVALID', 400],
    ['drawing.svg', 'INPUT_INVALID', 400],
    ['drawing-with-prolog.svg', 'INPUT_INVALID', 400],
    ['drawing.svgz', 'INPUT_INVALID', 400],
    ['gif-script.gif', 'INPUT_INVALID', 400],
    ['pdf.jpg', 'INPUT_INVALID', 400],
    ['zip.jpg', 'INPUT_INVALID', 400],
    ['cut.jpg', 'INPUT_INVALID', 400],
    ['bomb.png', 'INPUT_INVALID', 400],
    ['bomb.gif', 'INPUT_INVALID', 400],
    ['long.png', 'INPUT_INVALID', 400],
    ['line.png', 'INPUT_INVALID', 400],
  ])('is refused: %s', async (file, code, status) => {
    const [asJob, overHttp] = await byEveryWay(at(file));
    expect(asJob).toMatchObject({ status: 'FAILED', code });
    expect(overHttp).toMatchObject({ status, code });
    expect(overHttp?.message).toMatch(/^image_url:? .*[.]$/);
  });

  test('is refused where more comes than was said', async () => {
    // What is over is seen as a broken answer, or not at all; then the picture is cut off.
    for (const { code } of await byEveryWay(at('claims-less.jpg')))
      expect(['DOWNLOAD_ERROR', 'INPUT_INVALID']).toContain(code);
  });

  test('at a name that does not exist is told as that', async () => {
    const [asJob, overHttp] = await byEveryWay('http://nowhere.test/a.jpg');
    expect(asJob).toMatchObject({ code: 'DOWNLOAD_ERROR' });
    expect(overHttp).toMatchObject({ status: 502, message: expect.stringMatching(/there is no such host/) });
  });

  test('counts by its pixels, whatever is said of it or hangs on to it', async () => {
    const texts = await Promise.all(
      ['good.jpg', 'good-as-html.jpg', 'trailing-html.jpg'].map(async (file) => {
        const { status, text } = await postSigned('/v1/embed/image', { image_url: at(file) });
        expect(status).toBe(200);
        return (JSON.parse(text) as { embedding: number[] }).embedding;
      }),
    );
    expect(new Set(texts.map((vector) => vector.map((value) => value.toFixed(4)).join())).size).toBe(1);
  });
});

describe('an input', () => {
  const seventeen = Array<Fields>(17).fill({ image: IMAGE });
  const long = `http://pictures.test/${'a'.repeat(8_192)}`;
  const [batch, text, picture] = ['/v1/embed/image-batch', '/v1/embed/text', '/v1/embed/image'];

  /** As a job, and as a call where that has other fields. */
  test.each<[string, string, string, Fields, Fields?]>([
    ['17 in a batch', batch, 'BATCH_TOO_LARGE', { images: seventeen }, { items: seventeen }],
    ['an empty batch', batch, 'INPUT_INVALID', { images: [] }, { items: [] }],
    ['a batch that is none', batch, 'INPUT_INVALID', { images: 'x' }],
    ['an empty text', text, 'INPUT_INVALID', { text: '' }],
    ['a text of spaces', text, 'INPUT_INVALID', { text: ' \n' }],
    ['a text that is too long', text, 'INPUT_INVALID', { text: 'a'.repeat(10_001) }],
    ['a text that is none', text, 'INPUT_INVALID', { text: 7 }],
    ['nothing', picture, 'INPUT_INVALID', {}],
    ['a picture that is none', picture, 'INPUT_INVALID', { image: 'aGVsbG8=' }],
    ['broken base64', picture, 'INPUT_INVALID', { image: '@@' }],
    ['a picture in two ways', picture, 'INPUT_INVALID', { image: IMAGE, image_url: 'http://pictures.test/' }],
    ['a URL that is none', picture, 'INPUT_INVALID', { image_url: 7 }],
    ['a long URL', picture, 'INPUT_INVALID', { image_url: long }],
    ['a normalize that is none', picture, 'INPUT_INVALID', { image: IMAGE, normalize: 'yes' }],
    ['another model', picture, 'INPUT_INVALID', { image: IMAGE, model: 'ViT-L-14' }],
  ])('of %s is refused', async (_name, route, code, input, body = input) => {
    const [asJob, overHttp] = [await jobSigned(input), await postSigned(route, body)];
    expect(asJob).toMatchObject({ status: 'FAILED', code });
    expect(overHttp).toMatchObject({ status: 400, code });
    for (const outcome of [asJob, overHttp]) expectNothingOfTheInside(outcome);
  });

  test('of 17 texts in a job is refused', async () => {
    expect(await jobSigned({ texts: Array(17).fill('a') })).toMatchObject({ code: 'BATCH_TOO_LARGE' });
  });

  test('that fails in a batch leaves the others as they are, in their order', async () => {
    const items = [
      { image: IMAGE },
      { image_url: 'http://10.0.0.7/' },
      'x',
      { image: '@@', request_id: 'd' },
    ];
    const { status, text } = await postSigned('/v1/embed/image-batch', { items });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      results: [
        { dim: 512 },
        { error: { code: 'DOWNLOAD_ERROR' } },
        { error: { code: 'INPUT_INVALID' } },
        { request_id: 'd', error: { code: 'INPUT_INVALID' } },
      ],
      batch_timings: { total_ms: expect.any(Number) },
    });
  });

  test('that is no JSON object is refused', async () => {
    for (const body of ['{', '[]', '"x"']) {
      const reply = await fetch(`${bench.url}/v1/embed/image`, { method: 'POST', body });
      expect([reply.status, ((await reply.json()) as { error: { code: string } }).error.code]).toEqual([
        ...[400, 'INPUT_INVALID'],
      ]);
    }
  });
});
