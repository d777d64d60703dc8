import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from './start-cli.ts';

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy?: string;
}

let cwd = '';
let bin = '';

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'spillway-doctor-'));
  bin = path.join(cwd, 'bin');
  mkdirSync(bin);
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** A program on PATH that writes down how it was called. */
function placeProgram(name: string, script: string): void {
  const file = path.join(bin, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

const doctor = (...args: string[]) => doctorWith({}, ...args);

async function doctorWith(env: Readonly<Record<string, string>>, ...args: string[]) {
  const run = await runCli(['doctor', '--json', ...args], { cwd, env: { PATH: bin, ...env } });
  const { findings } = JSON.parse(run.stdout) as { findings: Finding[] };
  return { ...run, byName: new Map(findings.map((finding) => [finding.name, finding])) };
}

test('a bare machine lacks nothing that Spillway needs, and each optional thing says what it is for', async () => {
  writeFileSync(path.join(cwd, 'spillway.yaml'), 'listen: 127.0.0.1:0\n');
  const { code, byName } = await doctor();
  expect(code).toBe(0);
  for (const name of ['node', 'configuration', 'data directory', 'disk space', 'port', 'demo models']) {
    expect(byName.get(name)).toMatchObject({ status: 'ok' });
  }
  expect(byName.get('python3')).toMatchObject({ status: 'optional', remedy: expect.any(String) });
  expect(byName.get('ffmpeg')).toMatchObject({
    status: 'optional',
    detail: 'not found; needed for videos',
    remedy: expect.stringContaining('apt-get install ffmpeg'),
  });
});

const BUCKET = {
  ...{ STORAGE_PROVIDER: 's3', AWS_BUCKET_NAME: 'videos', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' },
  ...{ AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
};
test.each([
  ['the disk', {}, { status: 'ok', detail: expect.stringMatching(/\.spillway\/artifacts$/) }],
  [
    'a bucket that does not answer',
    BUCKET,
    { status: 'missing', detail: expect.stringContaining('does not answer for the bucket videos') },
  ],
  [
    'a provider that there is none of',
    { STORAGE_PROVIDER: 'gcs' },
    { status: 'missing', detail: 'STORAGE_PROVIDER: expected disk, r2 or s3, got "gcs"' },
  ],
])('it says where artifacts would be kept, and what is wrong with that: %s', async (_, env, finding) => {
  const { code, byName } = await doctorWith(env);
  expect(byName.get('storage')).toMatchObject(finding);
  expect(code).toBe(finding.status === 'ok' ? 0 : 1);
});

test('what is there is told with its version', async () => {
  placeProgram('ffmpeg', 'echo "ffmpeg version 7.1 Copyright"');
  placeProgram('ffprobe', 'echo "ffprobe version 7.1 Copyright"');
  placeProgram('python3', 'if [ "$1" = --version ]; then echo "Python 3.12.1"; else exit 1; fi');
  placeProgram('nvidia-smi', 'echo "NVIDIA RTX A5000, 24564 MiB"');
  const { byName } = await doctor();
  expect(byName.get('ffmpeg')).toMatchObject({
    status: 'ok',
    detail: `7.1 (${bin}/ffmpeg, ${bin}/ffprobe)`,
  });
  expect(byName.get('python3')).toMatchObject({ status: 'ok', detail: '3.12.1' });
  expect(byName.get('python3 runpod')).toMatchObject({
    status: 'optional',
    remedy: expect.stringContaining('pip install runpod'),
  });
  expect(byName.get('gpu')).toMatchObject({ status: 'ok', detail: 'NVIDIA RTX A5000, 24564 MiB' });
});

test('an endpoint that cannot start is missing something', async () => {
  writeFileSync(
    path.join(cwd, 'spillway.yaml'),
    'endpoints:\n  real:\n    worker: detect\n    env: { DETECTOR_WEIGHTS: /nowhere/x.onnx }\n  mine:\n    command: [nowhere-to-be-found]\n',
  );
  const { code, byName } = await doctor();
  expect(code).toBe(1);
  expect(byName.get('endpoint real')).toMatchObject({
    status: 'missing',
    remedy: expect.stringContaining('/nowhere/x.onnx'),
  });
  expect(byName.get('endpoint mine')).toMatchObject({
    status: 'missing',
    detail: expect.stringContaining('nowhere-to-be-found'),
  });
});

test('a broken configuration is told with all its problems', async () => {
  writeFileSync(path.join(cwd, 'spillway.yaml'), 'listen: nowhere\n');
  const { code, byName } = await doctor();
  expect(code).toBe(1);
  expect(byName.get('configuration')).toMatchObject({
    status: 'missing',
    remedy: expect.stringContaining('listen'),
  });
});

test('--fix runs the package manager for what it has, and shows the commands', async () => {
  const calls = path.join(cwd, 'calls.txt');
  placeProgram('apt-get', `echo "$@" >> ${calls}`);
  const { stderr } = await doctor('--fix');
  expect(stderr).toContain('$ apt-get update');
  expect(stderr).toContain('$ apt-get install --yes --no-install-recommends python3 python3-venv ffmpeg');
  if (process.getuid?.() === 0) {
    expect(readFileSync(calls, 'utf8')).toBe(
      'update\ninstall --yes --no-install-recommends python3 python3-venv ffmpeg\n',
    );
  } else {
    expect(stderr).toContain('apt-get needs root');
  }
});

test('a package manager that fails ends the command with 1', async () => {
  placeProgram('brew', 'echo "no network" >&2; exit 3');
  const { code, stderr } = await doctor('--fix');
  expect(stderr).toContain('no network');
  expect(stderr).toContain('brew ended with 3');
  expect(code).toBe(1);
});
