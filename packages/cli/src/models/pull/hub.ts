import { z } from 'zod';
import { CliError } from '../../cli-error.ts';
import type { Listing, Remote, RemoteFile } from './remote.ts';
import type { RemoteCalls } from './remote-calls.ts';
import { assertSafePaths } from './safe-paths.ts';

/**
 * A hub that speaks Hugging Face's API: a model's files at one commit, with the hash of each that it keeps as a large file.
 * A branch or tag is resolved to its commit first; nothing is ever fetched by a name that may move.
 */
export interface HubOptions {
  readonly hubUrl: string;
  readonly repository: string;
  readonly token?: string | undefined;
}

const MAX_LISTING_BYTES = 64_000_000;

const listingSchema = z.looseObject({
  sha: z.string().regex(/^[0-9a-f]{7,64}$/),
  siblings: z.array(
    z.looseObject({
      rfilename: z.string(),
      size: z.number().int().nonnegative().nullish(),
      blobId: z.string().nullish(),
      lfs: z
        .looseObject({
          sha256: z.string().optional(),
          oid: z.string().optional(),
          size: z.number().int().nonnegative().optional(),
        })
        .nullish(),
    }),
  ),
  cardData: z.looseObject({ license: z.unknown().optional() }).nullish(),
});

export function createHubRemote({ hubUrl, repository, token }: HubOptions, calls: RemoteCalls): Remote {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const explainer = (revision: string) => (status: number, header: (name: string) => string) =>
    explain({ hubUrl, repository, revision, hasToken: token !== undefined }, status, header('x-error-code'));
  return {
    label: new URL(hubUrl).host,
    async list(revision = 'main', signal) {
      const url = `${hubUrl}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
      const options = { headers, signal, maxBytes: MAX_LISTING_BYTES, explain: explainer(revision) };
      return readListing(await calls.readText(url, options), repository);
    },
    open({ path: file }, { revision = 'main', headers: more, signal }) {
      const place = file.split('/').map(encodeURIComponent).join('/');
      const url = `${hubUrl}/${repository}/resolve/${revision}/${place}`;
      return calls.open(url, { headers: { ...headers, ...more }, signal, explain: explainer(revision) });
    },
  };
}

function readListing(text: string, repository: string): Listing {
  const parsed = listingSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new CliError(
      'BAD_ANSWER',
      `The hub's list of the files of ${repository} is not in the form of Hugging Face's API.`,
    );
  }
  const { sha, siblings, cardData } = parsed.data;
  const files = siblings.map(({ rfilename, size, blobId, lfs }): RemoteFile => {
    const sha256 = (lfs?.sha256 ?? lfs?.oid)?.replace(/^sha256:/, '');
    const isHash = /^[0-9a-f]{64}$/.test(sha256 ?? '');
    const isGit = !lfs && /^[0-9a-f]{40}$/.test(blobId ?? '');
    return {
      path: rfilename,
      bytes: lfs?.size ?? size ?? undefined,
      ...(isHash ? { sha256 } : {}),
      ...(isGit ? { gitSha1: blobId ?? undefined } : {}),
    };
  });
  assertSafePaths(files, repository);
  const licence = typeof cardData?.license === 'string' ? cardData.license : undefined;
  return { revision: sha, files, licence };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Asked {
  readonly hubUrl: string;
  readonly repository: string;
  readonly revision: string;
  readonly hasToken: boolean;
}

/** The hub hides models that the caller may not see: 401 without a token means that as well as "there is none". */
function explain(
  { hubUrl, repository, revision, hasToken }: Asked,
  status: number,
  code: string,
): CliError | undefined {
  const page = `${hubUrl}/${repository}`;
  if (code === 'GatedRepo' || (status === 403 && hasToken)) {
    const how = hasToken
      ? `Accept its terms at ${page} with the account that HF_TOKEN belongs to.`
      : `Accept its terms at ${page} and set HF_TOKEN to a token of that account.`;
    return new CliError(
      'UNAUTHORIZED',
      `${repository} is given out only to those who have accepted its terms. ${how}`,
    );
  }
  if (status === 401 || status === 403) {
    return new CliError(
      'UNAUTHORIZED',
      hasToken
        ? `${repository}: the hub refuses the token in HF_TOKEN, or there is no such model (HTTP ${status}).`
        : `${repository} does not exist or is not public (HTTP ${status}). If it should be yours, set HF_TOKEN.`,
    );
  }
  if (code === 'RevisionNotFound')
    return new CliError('NOT_FOUND', `${repository} has no revision ${revision}.`);
  if (code === 'RepoNotFound')
    return new CliError('NOT_FOUND', `There is no model ${repository} at ${hubUrl}.`);
  if (status === 404)
    return new CliError(
      'NOT_FOUND',
      `There is no model ${repository} with a revision ${revision} at ${hubUrl}, or not that file in it.`,
    );
  return undefined;
}
