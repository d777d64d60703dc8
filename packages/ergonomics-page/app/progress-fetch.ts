/**
 * A fetch that tells how much of a body is out: browsers' own tells nothing before its end, and a part takes a minute on
 * a slow line. All else goes through the browser's own.
 */
export interface ProgressFetch {
  readonly fetch: typeof fetch;
  /** Of bodies that are under way. */
  inFlightBytes(): number;
}

export interface ProgressFetchOptions {
  /** The gateway's, for its own signed URLs: they hold under any name that it is reached by. */
  readonly origin: string;
  onProgress(): void;
  /** Whether somebody answers at all. */
  onReached(isReached: boolean): void;
}

const DATA_PATH = '/v1/artifacts/data/';

/** A signed URL of the gateway's own disk, at the address where this page knows it. */
export function atGateway(url: string, origin: string): string {
  const { pathname, search } = new URL(url, origin);
  return pathname.startsWith(DATA_PATH) ? origin + pathname + search : url;
}

export function createProgressFetch({ origin, onProgress, onReached }: ProgressFetchOptions): ProgressFetch {
  const inFlight = new Map<XMLHttpRequest, number>();

  function put(url: string, init: RequestInit & { readonly body: Blob }): Promise<Response> {
    const { signal } = init;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const abort = () => request.abort();
      const end = () => {
        inFlight.delete(request);
        signal?.removeEventListener('abort', abort);
        onProgress();
      };
      request.open('PUT', url);
      for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => {
        inFlight.set(request, loaded);
        onProgress();
      };
      request.onload = () => {
        end();
        resolve(new Response(request.responseText, { status: request.status, headers: retryAfter(request) }));
      };
      request.onerror = () => {
        end();
        reject(new TypeError('the connection broke off'));
      };
      request.onabort = () => {
        end();
        reject(signal?.reason ?? new DOMException('aborted', 'AbortError'));
      };
      signal?.addEventListener('abort', abort);
      inFlight.set(request, 0);
      request.send(init.body);
    });
  }

  return {
    inFlightBytes: () => [...inFlight.values()].reduce((sum, bytes) => sum + bytes, 0),
    async fetch(input, init) {
      const url = atGateway(String(input), origin);
      init?.signal?.throwIfAborted();
      try {
        const isUpload = init?.method === 'PUT' && init.body instanceof Blob;
        const reply = await (isUpload ? put(url, init as RequestInit & { body: Blob }) : fetch(url, init));
        onReached(true);
        return reply;
      } catch (error) {
        if (!init?.signal?.aborted) onReached(false);
        throw error;
      }
    },
  };
}

function retryAfter(request: XMLHttpRequest): Record<string, string> {
  const text = request.getResponseHeader('retry-after');
  return text === null ? {} : { 'retry-after': text };
}
