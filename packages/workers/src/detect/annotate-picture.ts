import { renderAnnotated } from '../media/annotate.ts';
import { decodeImage } from '../media/image.ts';
import { decodeMaskPng } from '../media/mask-png.ts';
import type { Anomaly, DetectResult } from './result.ts';

/**
 * The picture that a result was made from, with the result drawn in, as a PNG of the same size. Contours need the masks,
 * so the job should have asked for them (`include_masks`). The caption names the models, and a demo model as one.
 *
 * @param picture the file as it was sent: JPEG, PNG, WebP or GIF.
 * @throws InputError when it is no such picture.
 */
export async function annotatePicture(picture: Uint8Array, result: DetectResult): Promise<Uint8Array> {
  const [image, anomalies] = await Promise.all([
    decodeImage(picture),
    Promise.all(result.anomalies.map(withMask)),
  ]);
  return renderAnnotated(image, { anomalies, structures: result.structures, caption: captionOf(result) });
}

async function withMask(anomaly: Anomaly) {
  const { mask_base64 } = anomaly;
  if (mask_base64 === undefined) return anomaly;
  return { ...anomaly, mask: await decodeMaskPng(Buffer.from(mask_base64, 'base64')) };
}

function captionOf({ anomaly_count, models, processing_time_ms }: DetectResult): string {
  const { detector, segmenter } = models;
  const count = `${anomaly_count} ${anomaly_count === 1 ? 'defect' : 'defects'}`;
  const demo = detector.demo || segmenter.demo ? ', demo models (synthetic data)' : '';
  return `${count} in ${Math.round(processing_time_ms)} ms by ${detector.id} + ${segmenter.id}${demo}`;
}
