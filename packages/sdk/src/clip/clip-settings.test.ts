import { describe, expect, test } from 'vitest';
import { ClipSettingsError, readClipSettings } from './clip-settings.ts';

const RUNPOD = { RUNPOD_API_KEY: 'rpa_x', RUNPOD_CLIP_ENDPOINT_ID: 'abc', EMBEDDING_HMAC_SECRET: 's' };

const problemsOf = (env: Record<string, string>) => {
  try {
    readClipSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ClipSettingsError);
    return (error as Error).message.split('\n');
  }
  return [];
};

describe('where pictures are embedded', () => {
  test('RunPod, with the variables that its users know', () => {
    expect(
      readClipSettings({ ...RUNPOD, CLIP_INFERENCE_BACKEND: 'runpod', RUNPOD_TIMEOUT_S: '2.5' }),
    ).toEqual({
      backend: 'runpod',
      runpod: { url: 'https://api.runpod.ai/v2', apiKey: 'rpa_x', endpoint: 'abc', timeoutMs: 2_500 },
      local: undefined,
      secret: 's',
      signatureVersion: 0,
    });
    expect(readClipSettings({ ...RUNPOD, RUNPOD_TIMEOUT_S: '' }).runpod?.timeoutMs).toBe(60_000);
  });

  test('a gateway of one’s own, or one worker', () => {
    const env = { SPILLWAY_URL: 'http://gw:1', SPILLWAY_API_KEY: 'spk_x' };
    expect(readClipSettings({ CLIP_INFERENCE_BACKEND: 'local', ...env }).local).toEqual({
      url: 'http://gw:1/v2',
      apiKey: 'spk_x',
      endpoint: 'clip',
      timeoutMs: 60_000,
    });
    const worker = { CLIP_LOCAL_URL: 'http://127.0.0.1:8000', CLIP_LOCAL_ENDPOINT: 'mine' };
    expect(readClipSettings(worker)).toMatchObject({
      backend: 'local',
      local: { url: 'http://127.0.0.1:8000', endpoint: 'mine' },
    });
    expect(readClipSettings({}).local?.url).toBe('http://127.0.0.1:8080/v2');
  });

  test('is RunPod where nothing says otherwise and it is set up, with a fallback where that is', () => {
    expect(readClipSettings(RUNPOD)).toMatchObject({ backend: 'runpod', local: undefined });
    const localWith = (env: Record<string, string>) => readClipSettings({ ...RUNPOD, ...env }).local;
    expect(localWith({ SPILLWAY_API_KEY: 'k' })).toMatchObject({ apiKey: 'k', endpoint: 'clip' });
    expect(localWith({ CLIP_LOCAL_URL: 'http://x/v2' })?.url).toBe('http://x/v2');
    expect(localWith({ SPILLWAY_URL: 'http://x' })?.url).toBe('http://x/v2');
    expect(readClipSettings({ ...RUNPOD, CLIP_INFERENCE_BACKEND: 'LOCAL' })).toMatchObject({
      backend: 'local',
      runpod: undefined,
    });
  });

  test('is nowhere when switched off, whatever else is wrong', () => {
    expect(readClipSettings({ CLIP_INFERENCE_BACKEND: 'off', RUNPOD_TIMEOUT_S: 'x' })).toMatchObject({
      backend: 'off',
      runpod: undefined,
      local: undefined,
    });
  });

  test('is what the program says before what the environment says', () => {
    const given = { backend: 'local', local: { url: 'http://a/v2', timeoutMs: 5 }, secret: 't' } as const;
    expect(readClipSettings(RUNPOD, given)).toMatchObject({
      backend: 'local',
      local: { url: 'http://a/v2', endpoint: 'clip', timeoutMs: 5 },
      secret: 't',
    });
  });

  test('everything that is wrong is told at once, and no secret', () => {
    const wrong = { CLIP_INFERENCE_BACKEND: 'runpod', RUNPOD_TIMEOUT_S: 'soon', CLIP_SIGNATURE_VERSION: '2' };
    expect(problemsOf(wrong)).toEqual([
      expect.stringMatching(/^RUNPOD_TIMEOUT_S: expected seconds.*"soon"/),
      expect.stringMatching(/^CLIP_SIGNATURE_VERSION: expected 0 or 1/),
      expect.stringMatching(/^RUNPOD_API_KEY is not set/),
      expect.stringMatching(/^RUNPOD_CLIP_ENDPOINT_ID is not set/),
      expect.stringMatching(/^EMBEDDING_HMAC_SECRET is not set/),
    ]);
    expect(problemsOf({ CLIP_INFERENCE_BACKEND: 'runpodd' })).toEqual([
      'CLIP_INFERENCE_BACKEND: expected runpod, local or off, found "runpodd".',
    ]);
  });
});
