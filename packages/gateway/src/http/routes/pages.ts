import { openPage, SETTINGS_FILE } from '@spillway/ergonomics-page';
import { GatewayError } from '../../errors.ts';
import { monitoringDocs } from '../openapi/native-docs.ts';
import type { Call, Route } from '../route.ts';

/**
 * Pages for visitors without a key: the files are open, what they call wants an upload token. Their policy allows no
 * inline script, nothing from elsewhere, and calls to the gateway and the store of its artifacts only.
 */
const PAGE = '/pages/ergonomics';

export const pageRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: PAGE,
    scopes: 'open',
    doc: monitoringDocs.page,
    handle: (call) => send(call, ''),
  },
  {
    ...{ methods: ['GET'], path: `${PAGE}/*`, scopes: 'open', doc: monitoringDocs.pageFile },
    handle: (call) => send(call, call.params['*'] ?? ''),
  },
];

const YEAR_S = 31_536_000;

async function send(call: Call, name: string): Promise<undefined> {
  const { reply } = call;
  if (name === '' && !pathOf(call).endsWith('/')) {
    // Relative, since a proxy may have put the gateway below a path of its own. Fragments stay.
    reply.code(308).header('location', 'ergonomics/').send('');
    return undefined;
  }
  if (name === SETTINGS_FILE) {
    reply.header('cache-control', 'no-cache').send('{}');
    return undefined;
  }
  const file = (await openPage()).get(name === '' ? 'index.html' : name);
  if (!file) throw new GatewayError('ROUTE_NOT_FOUND', `no route GET ${pathOf(call)}`);
  reply
    .headers({
      'cache-control': file.isImmutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
      'content-security-policy': await policyOf(call),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .type(file.mediaType)
    .send(file.text);
  return undefined;
}

const pathOf = ({ reply }: Call): string => (reply.request.url ?? '/').split('?')[0] ?? '/';

async function policyOf({ parts }: Call): Promise<string> {
  const store = await storeOrigin(parts);
  const elsewhere = [store, parts.publicUrl && new URL(parts.publicUrl).origin].filter(Boolean);
  const data = ["'self'", ...new Set(elsewhere)].join(' ');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src ${data}`,
    `img-src ${data}`,
    `media-src ${data} blob:`,
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ].join('; ');
}

/** Of a bucket's signed URLs; those of the gateway's disk are its own. */
async function storeOrigin({ artifacts }: Call['parts']): Promise<string | undefined> {
  const { store } = artifacts;
  if (store.kind === 'disk') return undefined;
  const terms = { name: 'page', mediaType: 'text/plain', expiresInMs: 60_000 };
  return new URL((await store.presignGet('uploads/page', terms)).url).origin;
}
