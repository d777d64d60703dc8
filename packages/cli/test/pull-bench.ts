import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSystemClock } from '@spillway/sdk/clock';
import { LOCK_FILE, type LockFile } from '../src/models/pull/lock-file.ts';
import { type PullRequest, type PullTools, pullModel } from '../src/models/pull/pull-model.ts';
import { readPullSettings } from '../src/models/pull/settings.ts';
import { parseSource } from '../src/models/pull/source.ts';
import { type HubCall, startFakeHub } from './fake-hub.ts';
import { demoClip, padded, rfDetr } from './model-bytes.ts';

export const CLIP = 'Xenova/clip-vit-base-patch32';
export const DETECTOR = 'acme/rfdetr_medium-ONNX';
export const FIRST = 'a'.repeat(40);
export const SECOND = 'b'.repeat(40);

export type PullBench = Awaited<ReturnType<typeof openPullBench>>;

/** A hub that the test plays, and a cache of its own to pull into. */
export async function openPullBench() {
  const hub = await startFakeHub();
  const cache = await mkdtemp(path.join(tmpdir(), 'spillway-pull-'));
  const said: string[] = [];

  function tools(env: Record<string, string> = {}, changes: Partial<PullTools> = {}): PullTools {
    const settings = readPullSettings({
      ...{ HF_ENDPOINT: hub.url, SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1', ...env },
    });
    const view = {
      say: (text: string) => void said.push(text),
      progress: () => {},
      done: () => {},
      close: () => {},
    };
    const clock = {
      ...createSystemClock(),
      sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
    };
    return { settings, clock, random: () => 0, signal: new AbortController().signal, view, ...changes };
  }

  const request = (source: string, changes: Partial<PullRequest> = {}): PullRequest => ({
    ...{ source: parseSource(source), into: cache, lockFile: path.join(cache, LOCK_FILE), ...changes },
  });

  return {
    ...{ hub, cache, tools, request },
    /** What the pulls said on the way. */
    said,
    pull: (source: string, changes: Partial<PullRequest> = {}, env: Record<string, string> = {}) =>
      pullModel(request(source, changes), tools(env)),
    addClip(changes: Record<string, Buffer> = {}, options: { token?: string; isGated?: boolean } = {}) {
      const files = { ...clipFiles(), ...changes };
      hub.repositories.set(CLIP, {
        commits: { [FIRST]: files },
        refs: { main: FIRST },
        license: 'mit',
        ...options,
      });
      return files;
    },
    /** A detector whose only large file is of this size. */
    addDetector(bytes = 100_000): Buffer {
      const model = padded(rfDetr(), bytes);
      const files = { 'config.json': Buffer.from('{"model_type": "rf_detr"}'), 'onnx/model.onnx': model };
      hub.repositories.set(DETECTOR, { commits: { [FIRST]: files }, refs: { main: FIRST } });
      return model;
    },
    /** Files that were fetched. */
    fetches: (): HubCall[] => hub.calls.filter(({ origin }) => origin === 'cdn'),
    pulledFile: (name: string, file: string) => readFileSync(path.join(cache, name, file)),
    readLock: async () => JSON.parse(await readFile(path.join(cache, LOCK_FILE), 'utf8')) as LockFile,
    async close(): Promise<void> {
      await hub.close();
      await rm(cache, { recursive: true, force: true });
    },
  };
}

function clipFiles(): Record<string, Buffer> {
  const vision = demoClip('onnx/vision_model.onnx');
  const text = demoClip('onnx/text_model.onnx');
  return {
    'README.md': Buffer.from('---\nlicense: mit\n---\n'),
    'config.json': Buffer.from('{"model_type": "clip"}'),
    'preprocessor_config.json': Buffer.from('{"crop_size": 224}'),
    'tokenizer.json': demoClip('tokenizer.json'),
    'pytorch_model.bin': Buffer.alloc(9000),
    'onnx/model.onnx': Buffer.alloc(9000),
    'onnx/vision_model.onnx': vision,
    'onnx/vision_model_fp16.onnx': padded(vision, 10),
    'onnx/text_model.onnx': text,
    'onnx/text_model_fp16.onnx': padded(text, 10),
    'onnx/text_model_q4.onnx': padded(text, 20),
  };
}
