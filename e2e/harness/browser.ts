import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openPage, SETTINGS_FILE } from '@spillway/ergonomics-page';
import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM, findProgram } from '../../tools/system-programs.ts';

/** A real browser for stories of pages; undefined, with a line that says so, where there is none. */
export const BROWSER = findProgram(CHROMIUM);
if (BROWSER === undefined)
  console.warn('SKIPPED: chromium is not installed (Debian: apt-get install chromium)');

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: BROWSER ?? '',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    // Its first start on a busy machine takes long; the hook that waits for it has a limit of its own.
    timeout: 0,
  });

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** The page as somebody else hosts it: plain files, and beside them where the gateway is. */
export async function hostPageElsewhere(gateway: () => string): Promise<Site> {
  const files = await openPage();
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1) || 'index.html';
    const file = files.get(name);
    if (name === SETTINGS_FILE) response.end(JSON.stringify({ gateway: gateway() }));
    else if (file) response.writeHead(200, { 'content-type': file.mediaType }).end(file.text);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
