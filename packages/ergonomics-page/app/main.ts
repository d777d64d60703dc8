import { createClient } from '@spillway/sdk/client';
import { createSystemClock } from '@spillway/sdk/clock';
import { createAnalysis } from './analysis.ts';
import { explainError, unreachable } from './explain-error.ts';
import { readGatewayAddress } from './gateway-address.ts';
import { keepLink, type Link, parseLink, takeLink } from './link.ts';
import { joinTabs, type OtherTabs } from './other-tabs.ts';
import { createPage } from './page.ts';
import type { PageState } from './page-state.ts';
import { createProgressFetch } from './progress-fetch.ts';
import { Session } from './session.ts';
import { readFacts } from './video-file.ts';
import './page.css';
import './results.css';

const NO_LINK = 'This page needs a link with a token; ask whoever runs the server for one.';
/** The gateway may be restarted meanwhile, and a network may be away for a while. */
const PATIENCE_MS = 30 * 60_000;

const SECOND_MS = 1_000;

const clock = createSystemClock();
const page = createPage({
  useLink(text) {
    const link = parseLink(text);
    if (!link) return false;
    keepLink(link);
    openOrTell(link);
    return true;
  },
});
let session: Session | undefined;
let tabs: OtherTabs | undefined;

async function open(link: Link): Promise<void> {
  const origin = await readGatewayAddress();
  const file = session?.file;
  session?.leave();
  tabs?.close();
  const uploads = createProgressFetch({
    origin,
    onProgress: () => session?.noteProgress(),
    onReached: (isReached) =>
      page.notice(
        isReached ? '' : `${unreachable(origin, location.origin, navigator.onLine)} Trying again …`,
      ),
  });
  const client = createClient({
    ...{ baseUrl: `${origin}/v2`, apiKey: link.token, clock, fetch: uploads.fetch },
    giveUpAfterMs: PATIENCE_MS,
  });
  const analysis = createAnalysis({
    ...{ client, endpoint: link.endpoint, origin },
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  const terms = analysis.terms();
  const explain = (error: unknown) => explainError(error, origin, location.origin);
  const joined = joinTabs(link.endpoint, {
    onSending: (sentBytes) => opened.otherTabSends(sentBytes),
    onOver: () => opened.otherTabIsOver(),
    onAsked: () => opened.tellIfSending(),
  });
  const opened = new Session({
    ...{ analysis, endpoint: link.endpoint, terms, inFlightBytes: uploads.inFlightBytes, explain, readFacts },
    ...{ now: () => clock.now(), tabs: joined },
    show(state) {
      if (session !== opened) return;
      if (!isAtWork(state)) page.notice('');
      page.show(state, opened);
    },
  });
  [session, tabs] = [opened, joined];
  opened.open(file);
  // A link that is over is told before anybody chooses a file.
  terms.catch((error: unknown) => {
    const { needs, sentence } = explain(error);
    if (session === opened && needs === 'link') page.show({ is: 'needsLink', sentence }, opened);
  });
}

function openOrTell(link: Link): void {
  open(link).catch((error: unknown) => page.notice(String(error instanceof Error ? error.message : error)));
}

/** Calls of the server are made, again and again where it does not answer. */
function isAtWork(state: PageState): boolean {
  return state.is === 'processing' || (state.is === 'uploading' && !state.isPaused);
}

setInterval(() => session?.tick(), SECOND_MS);
// Beside its field a file would be opened by the browser, in place of the page.
for (const type of ['dragover', 'drop'] as const) addEventListener(type, (event) => event.preventDefault());
addEventListener('beforeunload', (event) => {
  if (session?.isSending) event.preventDefault();
});
addEventListener('pagehide', () => tabs?.tellOver());

const link = takeLink();
if (link) openOrTell(link);
else page.show({ is: 'needsLink', sentence: NO_LINK }, undefined);
