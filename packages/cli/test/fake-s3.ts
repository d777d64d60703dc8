import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen, sendRanged } from './fake-hub.ts';

/**
 * A store on this machine that speaks S3: lists and gives out objects to whoever signs rightly. The signature is worked out
 * here by AWS's own description (Signature Version 4), in the header and in the query.
 */
export interface FakeS3 {
  readonly url: string;
  /** By `bucket/key`. */
  readonly objects: Map<string, Buffer>;
  /** What was asked, with the range. */
  readonly calls: string[];
  close(): Promise<void>;
}

export const S3_KEYS = {
  AWS_ACCESS_KEY_ID: 'AKID',
  AWS_SECRET_ACCESS_KEY: 'very secret',
  AWS_REGION: 'eu-test-1',
};

const PAGE = 3;

export async function startFakeS3(): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const calls: string[] = [];
  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '', `http://${request.headers.host}`);
    calls.push(`${request.method} ${url.pathname} ${request.headers.range ?? ''}`.trim());
    const problem = checkSignature(request, url);
    if (problem !== undefined) {
      response.writeHead(403).end(`<Error><Code>${problem}</Code><Message>${problem}</Message></Error>`);
    } else answer(request, response, url, objects);
  });
  return {
    ...{ objects, calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const etagOf = (content: Buffer) => `"${createHash('md5').update(content).digest('hex')}"`;

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  objects: ReadonlyMap<string, Buffer>,
): void {
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  const content = objects.get(`${bucket}/${key}`);
  if (url.searchParams.get('list-type') === '2') response.end(listObjects(bucket, url.searchParams, objects));
  else if (content === undefined) response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
  else {
    const call = { method: request.method ?? '', headers: request.headers };
    sendRanged(call, response, content, etagOf(content));
  }
}

/** In pages, as long listings come. */
function listObjects(bucket: string, query: URLSearchParams, objects: ReadonlyMap<string, Buffer>): string {
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  const from = Number(query.get('continuation-token') ?? 0);
  const shown = keys.slice(from, from + PAGE).map((key) => {
    const content = objects.get(key) ?? Buffer.of();
    const etag = etagOf(content).replaceAll('"', '&quot;');
    const name = key.slice(bucket.length + 1).replaceAll('&', '&amp;');
    return `<Contents><Key>${name}</Key><Size>${content.length}</Size><ETag>${etag}</ETag></Contents>`;
  });
  const isMore = from + PAGE < keys.length;
  const next = isMore ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : '';
  return `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${isMore}</IsTruncated>${next}${shown.join('')}</ListBucketResult>`;
}

interface Signed {
  readonly credential: string;
  readonly headers: readonly string[];
  readonly signature: string;
  readonly at: string;
  readonly payload: string;
}

function checkSignature(request: IncomingMessage, url: URL): string | undefined {
  const signed = readSignature(request, url);
  if (!signed) return 'AccessDenied';
  const [id, day = '', region = '', service = ''] = signed.credential.split('/');
  if (id !== S3_KEYS.AWS_ACCESS_KEY_ID) return 'InvalidAccessKeyId';
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort();
  const canonical = [
    ...[request.method, url.pathname, query.join('&')],
    ...signed.headers.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    ...['', signed.headers.join(';'), signed.payload],
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = [
    'AWS4-HMAC-SHA256',
    signed.at,
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const hmac = (key: string | Buffer, part: string) => createHmac('sha256', key).update(part).digest();
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${S3_KEYS.AWS_SECRET_ACCESS_KEY}`,
  );
  return hmac(key, text).toString('hex') === signed.signature ? undefined : 'SignatureDoesNotMatch';
}

const uriEncode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function readSignature({ headers }: IncomingMessage, { searchParams }: URL): Signed | undefined {
  const [, credential = '', names = '', signature = ''] =
    /Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(headers.authorization ?? '') ?? [];
  if (credential !== '') {
    const [at, payload] = [String(headers['x-amz-date']), String(headers['x-amz-content-sha256'])];
    return { credential, signature, at, payload, headers: names.split(';') };
  }
  const of = (name: string) => searchParams.get(`X-Amz-${name}`) ?? '';
  if (of('Credential') === '') return undefined;
  return {
    ...{ credential: of('Credential'), signature: of('Signature'), at: of('Date') },
    ...{
      headers: of('SignedHeaders').split(';'),
      payload: searchParams.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
    },
  };
}
