import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nativePath } from '@spillway/protocol';
import type { UploadTokenCreated } from '@spillway/protocol/v1';
import { wrongUse } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson } from '../output.ts';
import { durationText } from '../text.ts';
import { pageLink } from './page-link.ts';

export interface PageOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly endpoint: string;
  readonly expires: string;
  readonly maxGb: number;
  readonly visitor?: string;
  readonly at?: string;
  readonly out?: string;
}

/** A link with a token of its own, or with `--out` the page's files. @throws CliError */
export async function runPage(page: string, options: PageOptions): Promise<void> {
  if (options.out === undefined) await makeLink(page, options);
  else await writePage(options.out, options);
}

/** So many that bytes are the limit that a visitor meets, which is told. */
const MOST_VIDEOS = 1_000;

async function makeLink(page: string, options: PageOptions): Promise<void> {
  const { endpoint, expires: expiresIn, maxGb, visitor, at, json } = options;
  const connection = await resolveConnection(options);
  const address = at ?? `${connection.url}/pages/${page}/`;
  if (!URL.canParse(address) || !/^https?:/.test(address))
    throw wrongUse(`--at: expected an address such as https://app.example.com/${page}/, got "${address}"`);
  const maxBytes = maxGb * 1024 ** 3;
  const body = {
    endpoint,
    expiresIn,
    maxBytes,
    maxArtifacts: MOST_VIDEOS,
    ...(visitor === undefined ? {} : { visitor }),
  };
  const made = await createGatewayApi(connection).post<UploadTokenCreated>(nativePath.uploadTokens, body);
  const link = pageLink(address, made);
  if (json) {
    printJson({ link, token: made });
    return;
  }
  print(link);
  const { createdAt, expiresAt, maxUploadBytes, maxUploadDurationMs: longest } = made;
  const each = [
    ...(maxUploadBytes < maxBytes ? [gibText(maxUploadBytes)] : []),
    ...(longest === undefined ? [] : [durationText(longest)]),
  ];
  note(
    `good for ${durationText(expiresAt - createdAt)}, for up to ${maxGb} GiB${each.length === 0 ? '' : `, one video at most ${each.join(' and ')}`}. It is shown this once; whoever has it may use it`,
  );
}

const gibText = (bytes: number): string => `${Number((bytes / 1024 ** 3).toFixed(1))} GiB`;

/** `settings.json` tells the page where its gateway is; a page from elsewhere also needs to be listed there. */
async function writePage(folder: string, options: PageOptions): Promise<void> {
  const { url } = await resolveConnection(options);
  if (existsSync(path.join(folder, 'package.json')))
    throw wrongUse(`--out: ${folder} is a package; name a folder for the page alone`);
  const { openPage, SETTINGS_FILE } = await import('@spillway/ergonomics-page');
  const settings = `${JSON.stringify({ gateway: url })}\n`;
  const files = new Map([...(await openPage())].map(([name, { text }]) => [name, text]));
  for (const [name, text] of files.set(SETTINGS_FILE, settings)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  if (options.json) {
    printJson({ folder, gateway: url, files: [...files.keys()] });
    return;
  }
  print(folder);
  note(
    `${SETTINGS_FILE} in it says that the gateway is at ${url}: the address must be one that visitors reach`,
  );
  note("list the page's origin in cors.origins of spillway.yaml, and make links with --at");
}
