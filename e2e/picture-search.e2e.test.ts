// The picture search as its users start it: a folder becomes an index, words and pictures find what they should, and the
// index is brought in step with the folder whatever happened in between.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN_KEY, startGateway, type TestGateway } from './harness/start-gateway.ts';

const SEARCH = fileURLToPath(new URL('../examples/picture-search/search.ts', import.meta.url));
const PICTURES = fileURLToPath(new URL('../examples/picture-search/shapes', import.meta.url));
const SHAPES = fileURLToPath(new URL('../packages/workers/test/fixtures/shapes', import.meta.url));
const SECRET = 'a secret of the picture search';
const YAML = `endpoints:
  clip:
    worker: clip
    env: { EMBEDDING_HMAC_SECRET: '${SECRET}' }
    workers: { max: 1, idleTimeout: 10m }
`;

interface Scene {
  readonly file: string;
  readonly colour: string;
  readonly kind: string;
  readonly count: number;
}

interface Found {
  readonly page: string;
  readonly queries: readonly {
    readonly query: string;
    readonly kind: string;
    readonly hits: readonly { readonly file: string; readonly score: number }[];
  }[];
}

const readTruth = (folder: string) =>
  JSON.parse(readFileSync(path.join(folder, 'truth.json'), 'utf8')) as Scene[];
const truth = readTruth(PICTURES);

let folder = '';
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway(YAML);
});
afterAll(() => gateway.stop());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spillway-search-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Starts it in the test's folder, with the gateway of the tests unless it is to have one of its own. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = sharedGateway()) {
  const child = spawn(process.execPath, [SEARCH, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', TMPDIR: folder, NO_COLOR: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  let onText = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    onText();
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const printed = (text: string) =>
    new Promise<void>((resolve) => {
      onText = () => stderr.includes(text) && resolve();
      onText();
    });
  return { child, ended, printed };
}

const sharedGateway = () => ({
  SPILLWAY_URL: gateway.url,
  SPILLWAY_API_KEY: ADMIN_KEY,
  EMBEDDING_HMAC_SECRET: SECRET,
});

const run = (...args: readonly string[]) => start(args).ended;

async function index(): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await run('index', 'album', '--json');
  expect(stderr).toContain('pictures.index');
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function find(...queries: readonly string[]): Promise<Found> {
  const { code, stdout, stderr } = await run('find', ...queries, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Found;
}

const album = (...parts: readonly string[]) => path.join(folder, 'album', ...parts);

/** An album of so many of the example's pictures. */
function makeAlbum(count: number): void {
  mkdirSync(album());
  for (const { file } of truth.slice(0, count)) copyFileSync(path.join(PICTURES, file), album(file));
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four'];
const plural = (kind: string) => (kind === 'cross' ? 'crosses' : `${kind}s`);
const captionOf = ({ colour, kind, count }: Scene) =>
  count === 1 ? `one ${colour} ${kind}` : `${NUMBERS[count]} ${colour} ${plural(kind)}`;

describe('what is found', () => {
  beforeEach(() => {
    cpSync(PICTURES, album(), { recursive: true });
  });

  test('words find the picture that they describe, nine times of ten the first of all', async () => {
    expect(await index()).toMatchObject({ pictures: truth.length, added: truth.length, failed: [] });
    const { queries } = await find(...truth.map(captionOf), '--top', '3');
    const right = queries.filter(({ hits }, at) => hits[0]?.file === truth[at]?.file);
    expect(right.length / truth.length).toBeGreaterThanOrEqual(0.9);
    for (const { kind, hits } of queries) {
      expect([kind, hits.length]).toEqual(['text', 3]);
      expect(hits.map(({ score }) => score)).toEqual(
        hits.map(({ score }) => score).toSorted((a, b) => b - a),
      );
    }
  });

  test('a picture finds itself, and a small mirrored copy of it finds the original', async () => {
    await index();
    const copies: string[] = [];
    for (const { file } of truth) {
      const copy = path.join(folder, `${file}.jpg`);
      await sharp(path.join(PICTURES, file)).flop().resize(150).jpeg({ quality: 60 }).toFile(copy);
      copies.push(copy);
    }
    const [self, ...others] = (await find(album('picture-07.webp'), ...copies, '--top', '1')).queries;
    expect(self).toMatchObject({ kind: 'picture', hits: [{ file: 'picture-07.webp', score: 1 }] });
    const right = others.filter(({ hits }, at) => hits[0]?.file === truth[at]?.file);
    expect(right.length / truth.length).toBeGreaterThanOrEqual(0.9);
  });

  test('pictures from elsewhere find what shows the same thing among the first', async () => {
    await index();
    const other = readTruth(SHAPES);
    const { queries } = await find(...other.map(({ file }) => path.join(SHAPES, file)), '--top', '4');
    const right = queries.filter(({ hits }, at) =>
      hits.some((hit) => {
        const scene = truth.find(({ file }) => file === hit.file);
        return scene?.colour === other[at]?.colour && scene?.kind === other[at]?.kind;
      }),
    );
    expect(right.length / other.length).toBeGreaterThanOrEqual(0.9);
  });
});

describe('an index', () => {
  test('that is in step sends nothing, and starts no gateway', async () => {
    makeAlbum(5);
    expect(await index()).toMatchObject({
      pictures: 5,
      added: 5,
      unchanged: 0,
      model: { model: 'demo-clip' },
    });
    const again = await start(['index', 'album', '--json'], {}).ended;
    expect(JSON.parse(again.stdout)).toMatchObject({ pictures: 5, added: 0, unchanged: 5 });
    expect(again.stderr).not.toContain('gateway');
  });

  test('takes in what is new, changed, renamed, touched or gone, and sends what it has not seen', async () => {
    makeAlbum(6);
    await index();
    const [renamed = '', touched = '', changed = '', gone = ''] = truth.map(({ file }) => file);
    mkdirSync(album('2026', 'May'), { recursive: true });
    mkdirSync(album('.hidden'));
    renameSync(album(renamed), album('2026', 'May', 'renamed.webp'));
    utimesSync(album(touched), 1, 1);
    copyFileSync(path.join(SHAPES, '00.jpg'), album(changed));
    rmSync(album(gone));
    copyFileSync(path.join(SHAPES, '01.jpg'), album('2026', 'new.JPG'));
    copyFileSync(path.join(SHAPES, '02.jpg'), album('.hidden', 'not-mine.jpg'));
    writeFileSync(album('notes.jpg'), 'no picture');
    writeFileSync(album('notes.txt'), 'no picture');
    const { code, stdout, stderr } = await run('index', 'album', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      pictures: 6,
      added: 2,
      recognized: 2,
      unchanged: 2,
      removed: 2,
    });
    expect(stderr).toMatch(/^✗ notes\.jpg: .*JPEG, PNG/m);
    expect(code).toBe(1);
    const { queries } = await find(album(changed), path.join(SHAPES, '01.jpg'), '--top', '1');
    expect(queries.map(({ hits }) => hits[0])).toEqual([
      { file: changed, score: 1 },
      { file: '2026/new.JPG', score: 1 },
    ]);
  });

  test('that was cut off in the middle of a line loses that line and no other', async () => {
    makeAlbum(6);
    await index();
    const file = path.join(folder, 'pictures.index');
    truncateSync(file, readFileSync(file).length - 100);
    expect(await index()).toMatchObject({ pictures: 6, added: 1, unchanged: 5 });
    const whole = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [whole[0], whole[1], 'garbage', ...whole.slice(3)].join('\n'));
    const damaged = await run('find', 'a red star');
    expect(damaged.stderr).toContain('is damaged in line 3; delete it to begin anew');
    expect(damaged.code).toBe(1);
  });

  test('that Ctrl-C ended is kept, and the next run goes on from there', async () => {
    mkdirSync(album());
    // Every picture in eight copies that differ by a byte behind their end, so that none is known by another.
    for (let copy = 0; copy < 8; copy += 1)
      for (const { file } of truth.filter((scene) => scene.file.endsWith('.jpg')))
        writeFileSync(
          album(`${copy}-${file}`),
          Buffer.concat([readFileSync(path.join(PICTURES, file)), Buffer.from([copy])]),
        );
    const total = readdirSync(album()).length;
    const first = start(['index', 'album']);
    await first.printed(' of ');
    first.child.kill('SIGINT');
    const { code, stderr } = await first.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('the next run goes on from there');
    const { added, unchanged } = await index();
    expect(Number(unchanged)).toBeGreaterThanOrEqual(16);
    expect(Number(added) + Number(unchanged)).toBe(total);
  });

  test('of another model is made anew, and not searched before', async () => {
    makeAlbum(3);
    await index();
    const file = path.join(folder, 'pictures.index');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"model":"demo-clip"', '"model":"ViT-B-32"'));
    const search = await run('find', 'a red star');
    expect(search.stderr).toContain('the index was made with ViT-B-32, and the worker runs demo-clip');
    expect(search.code).toBe(1);
    copyFileSync(path.join(SHAPES, '01.jpg'), album('new.jpg'));
    const again = await run('index', 'album', '--json');
    expect(again.stderr).toContain('the worker runs demo-clip: every picture is indexed anew');
    expect(JSON.parse(again.stdout)).toMatchObject({ pictures: 4, added: 4, model: { model: 'demo-clip' } });
  });
});

const HOSTILE = [
  '"><script>alert(1)<script>.jpg',
  "'onmouseover='alert(1).jpg",
  '<img src=x onerror=alert(1)>.jpg',
  'javascript:alert(1).jpg',
  '&lt;b&gt; #1 100%25?.jpg',
  'line\nfeed and \u001b[31m red.jpg',
  'right \u202egpj.to.left.jpg',
  'up..%2f..%2fsecret.jpg',
];

test('names of files and words are shown as they are, run nothing, and their links lead to the files', async () => {
  mkdirSync(album());
  for (const name of HOSTILE) copyFileSync(path.join(PICTURES, 'picture-06.jpg'), album(name));
  await index();
  const words = '<b onclick="x()">red</b> & \'blue\'';
  const { code, stdout } = await run(
    'find',
    words,
    album(HOSTILE[3] ?? ''),
    '--top',
    '20',
    '--out',
    'out/page.html',
  );
  expect(code).toBe(0);
  expect(stdout).not.toContain('\u001b[31m');
  const file = path.join(folder, 'out', 'page.html');
  const page = readFileSync(file, 'utf8');
  expect(page.includes("default-src 'none'")).toBe(true);
  expect(page.slice(0, 9_000)).toContain(
    '&lt;b onclick=&quot;x()&quot;&gt;red&lt;/b&gt; &amp; &#39;blue&#39;',
  );
  // Every tag is one of the page's own, and none has an attribute that runs something.
  const bare = page.replaceAll(/="[^"]*"/g, '=""');
  const tags = new Set([...bare.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag ?? ''));
  const own = [
    'html',
    'head',
    'meta',
    'title',
    'style',
    'body',
    'header',
    'p',
    'svg',
    'circle',
    'path',
    'span',
    'b',
  ];
  own.push('bdi', 'main', 'nav', 'a', 'section', 'div', 'h2', 'ol', 'li', 'img', 'footer');
  expect([...tags].filter((tag) => !own.includes(tag))).toEqual([]);
  expect([...bare.matchAll(/<[^>]*\s(on\w+|srcset|srcdoc|formaction)=/g)]).toEqual([]);
  const links = [...page.matchAll(/<li><a href="([^"]*)"/g)].map(([, link]) => plainOf(link ?? ''));
  const targets = links.map((link) => fileURLToPath(new URL(link, pathToFileURL(file))));
  expect(new Set(targets)).toEqual(new Set(HOSTILE.map((name) => album(name))));
  expect(targets.every((target) => existsSync(target))).toBe(true);
  const loaded = [...page.matchAll(/src="([^"]{0,20})/g)].map(([, source]) => source ?? '');
  expect(loaded.every((source) => source.startsWith('data:image/webp;base'))).toBe(true);
});

const plainOf = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'");

test('shows itself with a gateway of its own, and leaves nothing but its output', async () => {
  const { code, stdout, stderr } = await start([], {}).ended;
  expect(stderr).toContain('gateway at http://127.0.0.1:');
  expect(stdout).toMatch(/three orange stars\n +0\.\d+ {2}picture-30\.jpg/);
  expect(code).toBe(0);
  expect(readdirSync(path.join(folder, 'demo-output')).toSorted()).toEqual([
    'picture-search.html',
    'pictures.index',
  ]);
  expect(readdirSync(folder).filter((name) => name !== 'node-compile-cache')).toEqual(['demo-output']);
  const page = readFileSync(path.join(folder, 'demo-output', 'picture-search.html'), 'utf8');
  expect(page.match(/<li>/g)).toHaveLength(4 * 6);
  expect(page).toContain('This is a demo model');
});

test.each([
  [['index'], 'index: expected one folder'],
  [['index', 'nowhere'], 'nowhere: expected a folder'],
  [['find'], 'find: expected words in quotes, or a picture'],
  [['search', 'x'], 'expected index or find, found "search"'],
  [['find', 'x', '--top', '0'], '--top: expected a whole number from 1 to 1000, found "0"'],
  [['find', 'x', '--nonsense'], "Unknown option '--nonsense'"],
])('wrong use is told in a sentence, with what is right: %j', async (args, sentence) => {
  const { code, stderr } = await run(...args);
  expect(stderr).toContain(sentence);
  expect(stderr).toContain('Usage:');
  expect(stderr).not.toContain('    at ');
  expect(code).toBe(2);
});

test('what is missing is told in a sentence', async () => {
  mkdirSync(album());
  const empty = await run('index', 'album');
  expect(empty.stderr).toContain('there are no pictures in it');
  const none = await run('find', 'a red star');
  expect(none.stderr).toContain('there is no index');
  makeAlbumFile();
  await index();
  const absent = await run('find', 'nowhere.jpg');
  expect(absent.stderr).toContain('nowhere.jpg: no such picture');
  const keyless = await start(['find', 'a star'], { SPILLWAY_URL: gateway.url }).ended;
  expect(keyless.stderr).toContain('SPILLWAY_API_KEY is not set');
  expect([empty.code, none.code, absent.code, keyless.code]).toEqual([1, 1, 1, 1]);
});

const makeAlbumFile = () => copyFileSync(path.join(PICTURES, 'picture-06.jpg'), album('a.jpg'));
