import Fastify from 'fastify';
import { buildOpenApiDocument } from './build-document.ts';
import { loadBalancedCalls } from './load-balanced-docs.ts';
import type { DocumentedRoute } from './route-doc.ts';

/** The OpenAPI document as text, and the script of the page that shows it; both made when first asked for. */
export interface Reference {
  document(): string;
  script(): Promise<string>;
}

export function createReference(routes: readonly DocumentedRoute[], version: string): Reference {
  let document: string | undefined;
  let script: Promise<string> | undefined;
  return {
    document() {
      document ??= JSON.stringify(buildOpenApiDocument([...routes, loadBalancedCalls], { version }));
      return document;
    },
    script() {
      script ??= loadScript();
      return script;
    },
  };
}

/**
 * The reference page's script lies inside a Fastify plugin, 4 MB of it: it is loaded only when somebody looks, and taken
 * out through the plugin's own route.
 */
async function loadScript(): Promise<string> {
  const { default: plugin } = await import('@scalar/fastify-api-reference');
  const app = Fastify();
  await app.register(plugin, { routePrefix: '/reference', configuration: { url: '/openapi.json' } });
  const { statusCode, body } = await app.inject('/reference/js/scalar.js');
  await app.close();
  if (statusCode !== 200) throw new Error(`the reference page's script could not be loaded (${statusCode})`);
  return body;
}
