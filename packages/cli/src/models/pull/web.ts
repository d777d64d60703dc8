import { parseCard } from '@spillway/workers/models';
import { CliError } from '../../cli-error.ts';
import type { Remote } from './remote.ts';
import { PassingError, placeOf, type RemoteCalls } from './remote-calls.ts';
import { assertSafePaths } from './safe-paths.ts';

const MAX_CARD_BYTES = 4_000_000;

/** An `.onnx` file at a URL, or a folder whose `model.json` lists its files with their hashes. */
export function createWebRemote(url: string, calls: RemoteCalls): Remote {
  const target = new URL(url);
  const isFile = target.pathname.endsWith('.onnx');
  const cardUrl = isFile ? undefined : urlInFolder(target, 'model.json');
  return {
    label: target.host,
    async list(_revision, signal) {
      if (cardUrl === undefined) {
        const name = decodeURIComponent(target.pathname.split('/').at(-1) ?? '');
        const files = [{ path: name, ...(await askAbout(url, calls, signal)) }];
        assertSafePaths(files, placeOf(url));
        return { files };
      }
      const explain = (status: number) =>
        status === 404
          ? new CliError(
              'NOT_FOUND',
              `There is no ${placeOf(cardUrl)}: a folder is pulled by the model.json in it; a single file is named with its .onnx.`,
            )
          : undefined;
      const text = await calls.readText(cardUrl, { signal, maxBytes: MAX_CARD_BYTES, explain });
      const card = parseCard(text, placeOf(cardUrl));
      const files = Object.entries(card.files).map(([path, hash]) => ({ path, ...hash }));
      assertSafePaths(files, placeOf(url));
      return { files, card, licence: card.licence };
    },
    open(file, { headers, signal }) {
      const isNamed = isFile && target.pathname.endsWith(`/${encodeURIComponent(file.path)}`);
      return calls.open(isNamed ? url : urlInFolder(target, file.path), { headers, signal });
    },
  };
}

/** Size and version of a single file, as far as its server tells without sending it. */
async function askAbout(
  url: string,
  calls: RemoteCalls,
  signal: AbortSignal,
): Promise<{ bytes?: number; etag?: string }> {
  try {
    const { headers, close } = await calls.open(url, { method: 'HEAD', signal });
    close();
    const { etag, 'content-length': length } = headers;
    return {
      ...(typeof length === 'string' && /^\d+$/.test(length) ? { bytes: Number(length) } : {}),
      ...(typeof etag === 'string' && /^"[^"]+"$/.test(etag) ? { etag } : {}),
    };
  } catch (error) {
    // Signed URLs are good for one method only; if there is nothing to be had, fetching says it.
    if (error instanceof CliError) return {};
    throw error instanceof PassingError ? new CliError(error.code, error.message) : error;
  }
}

/** A path in the folder that a URL names, whether it ends with a slash, a file's name or neither; queries stay. */
function urlInFolder(target: URL, file: string): string {
  const base = new URL(target);
  const isFileName = /\/(model\.json|[^/]+\.onnx)$/.test(base.pathname);
  const folder = isFileName ? base.pathname.replace(/[^/]+$/, '') : `${base.pathname.replace(/\/+$/, '')}/`;
  base.pathname = folder + file.split('/').map(encodeURIComponent).join('/');
  return base.href;
}
