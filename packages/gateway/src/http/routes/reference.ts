import { monitoringDocs } from '../openapi/native-docs.ts';
import type { Route } from '../route.ts';

const SCRIPT = '/docs/reference.js';

/** Nothing outside the gateway is asked for anything, whatever the page's script may want. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const CONFIGURATION = JSON.stringify({
  hideClientButton: true,
  showDeveloperTools: 'never',
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  withDefaultFonts: false,
  authentication: { preferredSecurityScheme: 'key' },
  defaultOpenAllTags: false,
});

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spillway API</title>
</head>
<body>
<noscript>This page needs JavaScript; the document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script id="api-reference" data-url="/openapi.json" data-configuration='${CONFIGURATION}'></script>
<script src="${SCRIPT}"></script>
</body>
</html>
`;

/** The OpenAPI document, and a page that shows it. */
export const referenceRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/openapi.json',
    scopes: 'open',
    doc: monitoringDocs.document,
    handle: ({ parts }) => parts.reference.document(),
  },
  {
    methods: ['GET'],
    path: '/docs',
    scopes: 'open',
    doc: monitoringDocs.reference,
    async handle({ reply }) {
      await reply
        .header('content-security-policy', CONTENT_SECURITY_POLICY)
        .header('x-content-type-options', 'nosniff')
        .type('text/html; charset=utf-8')
        .send(PAGE);
      return undefined;
    },
  },
  {
    methods: ['GET'],
    path: SCRIPT,
    scopes: 'open',
    doc: monitoringDocs.referenceScript,
    async handle({ parts, reply }) {
      await reply
        .header('cache-control', 'public, max-age=3600')
        .type('text/javascript; charset=utf-8')
        .send(await parts.reference.script());
      return undefined;
    },
  },
];
