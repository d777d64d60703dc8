// Whatever is sent to `detect` as a picture ends in a sentence that says what is wrong, and the same worker goes on
// with the next photo: nobody's bad upload may cost others a restart.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

const PHOTO = readFileSync(new URL('../../examples/defects/photos/beam-crack-spalling.jpg', import.meta.url));
const YAML = `endpoints:
  detect:
    worker: detect
    env: { DETECTOR_VARIANT: nano }
    workers: { max: 1, idleTimeout: 10m }
`;

/** A PNG header that promises 30 000 × 30 000 pixels. */
function hugePng(): Buffer {
  const header = Buffer.from('89504e470d0a1a0a0000000d49484452000075300000753008020000000000000000', 'hex');
  return Buffer.concat([header, Buffer.alloc(64)]);
}

describe('detect', () => {
  let test: TestGateway;
  beforeAll(async () => {
    test = await startGateway(YAML);
  });
  afterAll(() => test.stop());

  type Reply = {
    status: string;
    error?: string;
    workerId?: string;
    output?: { anomalies?: unknown[]; instances?: unknown[] };
  };
  const runsync = async (input: unknown) =>
    (await (await test.call('/v2/detect/runsync?wait=120000', { json: { input } })).json()) as Reply;

  let worker: string | undefined;

  it('measures a photo', async () => {
    const reply = await runsync({ image: PHOTO.toString('base64') });
    expect(reply.status).toBe('COMPLETED');
    expect(reply.output?.anomalies?.length).toBeGreaterThan(0);
    worker = reply.workerId;
  });

  it.each([
    ['a missing picture', {}, /Missing required field: image/],
    ['a number', { image: 7 }, /image/],
    ['text that is no base64', { image: 'not base64 at all!' }, /base64/],
    [
      'bytes that are no picture',
      { image: Buffer.from('hello, world, I am no picture').toString('base64') },
      /JPEG|PNG/,
    ],
    ['a GIF', { image: Buffer.from('GIF89a0123456789').toString('base64') }, /GIF/i],
    [
      'a photo that breaks off',
      { image: PHOTO.subarray(0, 40_000).toString('base64') },
      /truncated|cut|incomplete|ends/i,
    ],
    ['a header of 30 000 × 30 000', { image: hugePng().toString('base64') }, /30.?000/],
    [
      'a threshold out of range',
      { image: PHOTO.toString('base64'), confidence_threshold: 7 },
      /confidence_threshold/,
    ],
    ['an unknown action', { action: 'dance' }, /action/],
    ['a mask that is no PNG', { action: 'measure', mask: PHOTO.toString('base64') }, /PNG/],
  ])('answers %s with a sentence', async (_name, input, words) => {
    const reply = await runsync(input);
    expect(reply.status).toBe('FAILED');
    expect(reply.error).toMatch(words);
    expect(reply.error).not.toMatch(/\bat .*\.ts:\d+/);
    expect(reply.error).not.toContain('{"error_type"');
  });

  it('lives on: the same worker measures the next photo, and an empty mask is no error', async () => {
    const reply = await runsync({ image: `data:image/jpeg;base64,${PHOTO.toString('base64')}` });
    expect(reply).toMatchObject({ status: 'COMPLETED', workerId: worker });
    // 2 × 2 black pixels.
    const mask =
      'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAAC0lEQVR4nGNgAAEAAAYAAf6MZ8gAAAAASUVORK5CYII=';
    expect(await runsync({ action: 'measure', mask })).toMatchObject({
      status: 'COMPLETED',
      output: { instances: [] },
    });
  });
});
