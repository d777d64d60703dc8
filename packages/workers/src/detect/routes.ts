import type { Handler } from '@spillway/sdk/worker';
import { DEFAULT_MAX_IMAGE_BYTES } from '../media/image-limits.ts';
import { type PodCall, PodError, type PodRoute } from '../pod/pod-route.ts';
import { outputOf, runInput } from '../pod/run-handler-call.ts';

/** The routes of the detect worker's own HTTP face. */
const MOST_IN_BATCH = 32;
/** A picture of 20 MB in base64, and some. */
const MAX_BODY_BYTES = 32_000_000;
const MAX_BATCH_BYTES = 256_000_000;
const UPLOAD = { file: 'file', maxFileBytes: DEFAULT_MAX_IMAGE_BYTES } as const;

type Input = Readonly<Record<string, unknown>>;

export function detectRoutes(handler: Handler): readonly PodRoute[] {
  const detect = async (input: Input, call: PodCall) => outputOf(await runInput({ handler }, input, call));
  return [
    {
      method: 'POST',
      path: '/detect',
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (call) => ({ body: await detect(call.json(), call) }),
    },
    {
      method: 'POST',
      path: '/detect/batch',
      maxBodyBytes: MAX_BATCH_BYTES,
      async handle(call) {
        const inputs = inputsOf(call.json());
        const results = await Promise.all(inputs.map((input) => oneOf(() => detect(input, call))));
        return { body: { results, count: results.length } };
      },
    },
    {
      method: 'POST',
      path: '/detect/upload',
      maxBodyBytes: MAX_BODY_BYTES,
      form: UPLOAD,
      handle: async (call) => ({ body: await detect(uploadOf(call), call) }),
    },
  ];
}

/** Fields of a form are text; some callers put them into the query, as the original service took them. */
function uploadOf({ form, query }: PodCall): Input {
  if (!form || form.file.length === 0)
    throw new PodError(400, 'INPUT_INVALID', `${UPLOAD.file}: is empty; expected a picture.`);
  const read = (name: string) => {
    const text = (form.fields.get(name) ?? query.get(name) ?? '').trim();
    return text === '' ? undefined : text;
  };
  return {
    image: form.file.toString('base64'),
    frame_id: read('frame_id'),
    include_masks: truthOf(read('include_masks')),
    confidence_threshold: numberOf(read('confidence_threshold')),
    mm_per_pixel: numberOf(read('mm_per_pixel')),
  };
}

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((text) => [text, true] as const),
  ...['false', '0', 'no', 'off'].map((text) => [text, false] as const),
]);

/** What is neither is left as it is, so that it is refused like any other value of the wrong kind. */
const truthOf = (text: string | undefined) =>
  text === undefined ? undefined : (TRUTHS.get(text.toLowerCase()) ?? text);

function numberOf(text: string | undefined): number | string | undefined {
  return text === undefined || Number.isNaN(Number(text)) ? text : Number(text);
}

/** In the order of the pictures. One that can't be used is an error in its place, and the others are answered. */
async function oneOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof PodError) || error.status !== 400) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

function inputsOf(body: Input): Input[] {
  const { images, frame_ids: frameIds, ...shared } = body;
  if (!Array.isArray(images) || images.length === 0 || images.length > MOST_IN_BATCH)
    throw new PodError(
      400,
      'INPUT_INVALID',
      `images: expected a list of 1 to ${MOST_IN_BATCH} pictures in base64.`,
    );
  const names: readonly unknown[] = Array.isArray(frameIds) ? frameIds : [];
  const isFitting = frameIds === undefined || frameIds === null || names.length === images.length;
  if (!isFitting)
    throw new PodError(
      400,
      'INPUT_INVALID',
      `frame_ids: expected a list of ${images.length}, one for each picture.`,
    );
  return images.map((image: unknown, at) => ({
    ...shared,
    image,
    ...(at in names ? { frame_id: names[at] } : {}),
  }));
}
