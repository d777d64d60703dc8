import { ClipClientError } from './clip-client-error.ts';
import type { ClipInput } from './sign-input.ts';

/** An http(s) URL, which the worker fetches; a data URL; or a file's bytes (JPEG, PNG, WebP, GIF). */
export type ClipImage = string | URL | Uint8Array;

/** The URL goes out, and is signed, exactly as it is given. @throws ClipClientError INPUT_INVALID */
export function fieldsOf(image: ClipImage): ClipInput {
  if (image instanceof Uint8Array) return { image: Buffer.from(image).toString('base64') };
  const text = String(image);
  if (/^https?:\/\//i.test(text)) return { image_url: text };
  if (/^data:/i.test(text)) return { image: text };
  const message = `image: expected an http(s) URL, a data URL or a file's bytes, found "${text.slice(0, 40)}".`;
  throw new ClipClientError({ code: 'INPUT_INVALID', message });
}
