import { createClient } from '@spillway/sdk/client';
import { createSystemClock } from '@spillway/sdk/clock';
import { createAnalysis } from './analysis.ts';
import { explainError, unreachable } from './explain-error.ts';
import { readGatewayAddress } from './gateway-address.ts';
import { keepLink, type Link, parseLink, takeLink } from './link.ts';
import { createPage } from './page.ts';
import { createProgressFetch } from './progress-fetch.ts';
import { Session } from './session.ts';
import './page.css';
import './results.css';

const NO_LINK = 'This page needs a link with a token; ask whoever runs the server for one.';
/** The gateway may be restarted meanwhile, and a network may be away for a while. */
const PATIENCE_MS = 30 * 60_000;

const clock = createSystemClock();
const page = createPage({
  useLink(text) {
    const link = parseLink(text);
    if (!link) return false;
    keepLink(link);
    void open(link);
    return true;
  },
});
let session: Session | undefined;

async function open(link: Link): Promise<void> {
  const origin = await readGatewayAddress();
  const file = session?.file;
  session?.leave();
  const uploads = createProgressFetch({
    origin,
    onProgress: () => session?.noteProgress(),
    onReached: (isReached) =>
      page.notice(isReached ? '' : `${unreachable(origin, location.origin)} Trying again …`),
  });
  const client = createClient({
    ...{ baseUrl: `${origin}/v2`, apiKey: link.token, clock, fetch: uploads.fetch },
    giveUpAfterMs: PATIENCE_MS,
  });
  const analysis = createAnalysis({
    ...{ client, endpoint: link.endpoint, origin },
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  const explain = (error: unknown) => explainError(error, origin, location.origin);
  const opened = new Session({
    ...{ analysis, endpoint: link.endpoint, inFlightBytes: uploads.inFlightBytes, explain },
    now: () => clock.now(),
    show: (state) => session === opened && page.show(state, opened),
  });
  session = opened;
  if (file) opened.choose(file);
  else opened.open();
  // A link that is over is told before anybody chooses a file.
  analysis.check().catch((error: unknown) => {
    const { needs, sentence } = explain(error);
    if (session === opened && needs === 'link') page.show({ is: 'needsLink', sentence }, opened);
  });
}

const link = takeLink();
if (link) {
  open(link).catch((error: unknown) => page.notice(String(error instanceof Error ? error.message : error)));
} else page.show({ is: 'needsLink', sentence: NO_LINK }, undefined);
