/**
 * What a link to this page brings: a token in place of a key, and for which endpoint. It stands in the fragment, which
 * browsers send to nobody, and is taken out of the address at once, so that it stays in no history. A tab keeps it until
 * it is closed.
 */
export interface Link {
  readonly token: string;
  readonly endpoint: string;
}

const TOKEN = /^spu_[A-Za-z0-9_-]{8,200}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const DEFAULT_ENDPOINT = 'ergonomics';

/** A link, its fragment, or a token alone; undefined for what holds none. */
export function parseLink(text: string): Link | undefined {
  const trimmed = text.trim();
  if (TOKEN.test(trimmed)) return { token: trimmed, endpoint: DEFAULT_ENDPOINT };
  const fields = new URLSearchParams(trimmed.slice(trimmed.indexOf('#') + 1));
  const token = fields.get('token') ?? '';
  const endpoint = fields.get('endpoint') ?? DEFAULT_ENDPOINT;
  return TOKEN.test(token) && NAME.test(endpoint) ? { token, endpoint } : undefined;
}

const KEPT = 'spillway.link';

/** Of the address, else what this tab kept. */
export function takeLink(): Link | undefined {
  const found = parseLink(location.hash);
  if (found) {
    history.replaceState(null, '', location.pathname);
    keepLink(found);
    return found;
  }
  try {
    return parseLink(sessionStorage.getItem(KEPT) ?? '');
  } catch {
    return undefined;
  }
}

export function keepLink({ token, endpoint }: Link): void {
  try {
    sessionStorage.setItem(KEPT, `#${new URLSearchParams({ endpoint, token })}`);
  } catch {
    // A browser that keeps nothing asks for the link again after a reload.
  }
}
