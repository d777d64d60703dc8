import type { DetectResult } from '@spillway/workers/detect';
import { isDetectResult } from '../defects.ts';
import { durationText } from '../text.ts';
import { type Check, CheckFailed, CheckSkipped } from './check.ts';
import type { SmokeReply, SmokeTarget } from './target.ts';

type Input = Readonly<Record<string, unknown>>;

/** What a detect worker does with a photo, and without one. What it finds depends on its model, so any number will do. */
export function createDetectChecks(target: SmokeTarget, readSample: () => Promise<Input>): Check[] {
  let found: DetectResult | undefined;
  const checks: Check[] = [
    {
      name: 'sample photo of a crack',
      async run(signal) {
        const reply = await target.run({ ...(await readSample()), include_masks: true }, { signal });
        found = resultOf(reply);
        return `${describe(found)}; ${timesOf(reply)}`;
      },
    },
    {
      name: 'fields of the answer',
      async run() {
        if (!found) throw new CheckSkipped('there is no answer to look at');
        return checkFields(found, (await readSample()).frame_id);
      },
    },
    { name: 'refused: what is no picture', run: (signal) => refuseNoPicture(target, signal) },
  ];
  const { call } = target;
  if (!call) return checks;
  const route: Check = {
    name: 'POST /detect',
    async run(signal) {
      const { status, body } = await call('/detect', await readSample(), signal);
      if (status !== 200 || !isDetectResult(body)) throw new CheckFailed(`HTTP ${status}, and no result`);
      return describe(body);
    },
  };
  return [...checks, route];
}

function resultOf({ status, output, error }: SmokeReply): DetectResult {
  if (status !== 'COMPLETED') throw new CheckFailed(`${status}: ${error ?? 'no reason was given'}`);
  if (isDetectResult(output)) return output;
  throw new CheckFailed(
    'the answer is not that of a detect worker: anomalies, image_size or models are missing',
  );
}

function describe({ anomalies, models }: DetectResult): string {
  const kinds = [...new Set(anomalies.map(({ defect_type }) => defect_type))].join(', ') || 'nothing';
  const named = [models.detector, models.segmenter].map(({ id, demo }) => `${id}${demo ? ' (demo)' : ''}`);
  return `found ${anomalies.length} (${kinds}) with ${named.join(' and ')}`;
}

const timesOf = ({ waitedMs, ranMs }: SmokeReply) =>
  [
    ...(waitedMs === undefined ? [] : [`waited ${durationText(waitedMs)}`]),
    ...(ranMs === undefined ? [] : [`ran ${durationText(ranMs)}`]),
  ].join(', ');

function checkFields(result: DetectResult, frameId: unknown): string {
  const { frame_id, image_size, anomalies, anomaly_count } = result;
  const { width, height } = image_size;
  if (frame_id !== frameId)
    throw new CheckFailed(`frame_id: expected "${String(frameId)}" back, found "${frame_id}"`);
  if (!(width > 0 && height > 0))
    throw new CheckFailed(`image_size: expected a size, found ${JSON.stringify(image_size)}`);
  if (anomaly_count !== anomalies.length)
    throw new CheckFailed(`anomaly_count says ${anomaly_count}, and there are ${anomalies.length}`);
  for (const [at, { bbox, geometry, confidence, mask_base64 }] of anomalies.entries()) {
    const place = `anomalies[${at}]`;
    if (!(bbox.x_min < bbox.x_max && bbox.x_max <= width && bbox.y_min < bbox.y_max && bbox.y_max <= height))
      throw new CheckFailed(`${place}.bbox: ${JSON.stringify(bbox)} is no box of the photo`);
    if (!(geometry.area_pixels > 0 && geometry.length_pixels > 0))
      throw new CheckFailed(`${place}.geometry: expected an area and a length above 0`);
    if (!(confidence.combined > 0 && confidence.combined <= 1))
      throw new CheckFailed(`${place}.confidence.combined: expected 0 to 1, found ${confidence.combined}`);
    if (!mask_base64) throw new CheckFailed(`${place}.mask_base64 was asked for and is missing`);
  }
  return `frame_id, image_size ${width} x ${height}, boxes, masks and geometry of ${anomalies.length}`;
}

async function refuseNoPicture(target: SmokeTarget, signal: AbortSignal): Promise<string> {
  const image = Buffer.from('no picture').toString('base64');
  const { status, error } = await target.run({ image }, { signal });
  if (status === 'COMPLETED') throw new CheckFailed('the worker answered it');
  if (error === undefined) throw new CheckFailed(`${status}, without a reason`);
  return error;
}
