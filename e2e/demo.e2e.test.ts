// The demo as its user starts it: photos in, tables on the terminal, result.json and annotated pictures in a folder,
// nothing left behind.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DEMO = fileURLToPath(new URL('../examples/defects/demo.ts', import.meta.url));
const PHOTOS = fileURLToPath(new URL('../examples/defects/photos', import.meta.url));

interface DemoResult {
  readonly images: readonly {
    readonly file: string;
    readonly annotated: string;
    readonly output: {
      readonly frame_id: string;
      readonly image_size: { readonly width: number; readonly height: number };
      readonly anomaly_count: number;
      readonly anomalies: readonly { readonly defect_type: string; readonly mask_base64: string }[];
      readonly models: Readonly<
        Record<'detector' | 'segmenter', { readonly id: string; readonly demo: boolean }>
      >;
    };
    readonly timings: Readonly<Record<string, number>>;
  }[];
}

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spillway-demo-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it with a folder for temporary files of its own, so that what it leaves there is seen. */
function startDemo(args: readonly string[]) {
  const { INIT_CWD: _, ...env } = process.env;
  const child = spawn(process.execPath, [DEMO, ...args], {
    cwd: folder,
    env: { ...env, TMPDIR: folder, NO_COLOR: '1' },
  });
  let text = '';
  let onText = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      onText();
    });
  }
  const ended = new Promise<{ code: number | null; text: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, text }));
  });
  const printed = (wanted: string) =>
    new Promise<void>((resolve) => {
      onText = () => text.includes(wanted) && resolve();
      onText();
    });
  return { child, ended, printed };
}

function readResult(out: string): DemoResult {
  return JSON.parse(readFileSync(path.join(folder, out, 'result.json'), 'utf8')) as DemoResult;
}

/** What is in the folder besides Node's own cache of compiled modules, which is meant to stay. */
function filesLeft(): string[] {
  return readdirSync(folder).filter((name) => name !== 'node-compile-cache');
}

/** Width and height of a PNG, from its header. */
function pngSize(file: string): { width: number; height: number } {
  const bytes = readFileSync(file);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  expect(bytes.subarray(-8, -4).toString()).toBe('IEND');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** Command lines of living processes that name this test's folder or a worker whose gateway kept its data there. */
function leftBehind(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    });
}

test('sample photos become tables, result.json and annotated pictures, all made by named demo models', async () => {
  const { code, text } = await startDemo(['--out', 'out']).ended;
  expect(text).toContain('Done in');
  expect(code).toBe(0);

  const samples = readdirSync(PHOTOS).filter((name) => /\.(jpe?g|png|webp)$/.test(name));
  expect(samples.length).toBeGreaterThanOrEqual(3);
  const { images } = readResult('out');
  expect(images.map(({ file }) => path.basename(file)).toSorted()).toEqual(samples.toSorted());

  for (const { file, annotated, output, timings } of images) {
    expect(output.frame_id).toBe(path.basename(file));
    expect(output.anomalies).toHaveLength(output.anomaly_count);
    for (const model of Object.values(output.models)) {
      expect(model).toMatchObject({ id: expect.stringMatching(/^demo-/), demo: true });
      expect(text).toContain(model.id);
    }
    expect(Object.keys(timings)).toEqual(['queueMs', 'executionMs', 'detectorMs', 'segmenterMs']);
    expect(timings.executionMs).toBeGreaterThan(0);
    expect(pngSize(path.join(folder, 'out', annotated))).toEqual(output.image_size);
  }
  // The samples were drawn with defects in them; a demo that finds none in all of them shows nothing.
  expect(images.flatMap(({ output }) => output.anomalies).length).toBeGreaterThanOrEqual(images.length);
  for (const { defect_type } of images.flatMap(({ output }) => output.anomalies))
    expect(text).toContain(defect_type);
  expect(text).toContain('mean nothing on real structures');

  // Models run at home: ONNX Runtime's telemetry would leave its session and log here.
  expect(filesLeft()).toEqual(['out']);
  await expect.poll(leftBehind).toEqual([]);
});

test('a bad file among the given is told in a line, the others go on, and the exit code is 1', async () => {
  writeFileSync(path.join(folder, 'notes.jpg'), 'not a picture');
  copyFileSync(path.join(PHOTOS, 'wall-crack.jpg'), path.join(folder, 'mine.jpg'));
  const { code, text } = await startDemo(['notes.jpg', 'nowhere.png', 'mine.jpg']).ended;
  expect(code).toBe(1);
  expect(text).toMatch(/^✗ notes\.jpg: .*JPEG, PNG, WebP and GIF/m);
  expect(text).toContain('✗ nowhere.png: no such file');
  expect(readResult('demo-output').images.map(({ file }) => file)).toEqual(['mine.jpg']);
  expect(existsSync(path.join(folder, 'demo-output', 'mine.png'))).toBe(true);
  expect(text).not.toContain('    at ');
});

test('Ctrl-C ends the demo with its worker and its data', async () => {
  const demo = startDemo([]);
  await demo.printed('Jobs ');
  demo.child.kill('SIGINT');
  expect((await demo.ended).code).toBe(130);
  expect(filesLeft()).toEqual([]);
  await expect.poll(leftBehind).toEqual([]);
});
