import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAddressRules, type DownloadOptions, downloadFile } from '../src/net/index.ts';

const PICTURE = Buffer.from('not really a picture, but bytes all the same');

const routes: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
  '/file': (response) => response.end(PICTURE),
  '/accept': (response, { headers }) => response.end(headers['accept-encoding']),
  '/moved': (response) => response.writeHead(302, { location: '/file' }).end(),
  '/private': (response) => response.writeHead(302, { location: 'http://[::ffff:169.254.169.254]/' }).end(),
  '/scheme': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/round': (response) => response.writeHead(302, { location: '/round' }).end(),
  '/says-much': (response) => response.writeHead(200, { 'content-length': '99999999' }).write('x'),
  '/endless': (response) => {
    const more = () => {
      while (response.write(Buffer.alloc(64 * 1024)));
    };
    response.on('drain', more);
    more();
  },
  '/zipped': (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000))),
  '/stops': (response) => response.writeHead(200, { 'content-length': '100' }).write('only so much'),
  '/silent': () => undefined,
  '/cut': (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('some');
    setImmediate(() => response.destroy());
  },
  '/missing': (response) => response.writeHead(404).end('nothing here'),
  '/empty': (response) => response.writeHead(204).end(),
};

describe('a download of a user’s URL', () => {
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => routes[request.url ?? '']?.(response, request));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const download = (path: string, options: DownloadOptions = {}) =>
    downloadFile(`${origin}${path}`, { rules: createAddressRules(['127.0.0.1']), ...options });

  it('gives the bytes, after redirects too, and asks for them as they are', async () => {
    expect(Buffer.from(await download('/file'))).toEqual(PICTURE);
    expect(Buffer.from(await download('/moved'))).toEqual(PICTURE);
    expect(Buffer.from(await download('/accept')).toString()).toBe('identity');
  });

  it.each([
    ['a redirect to a private address', '/private', 'URL_NOT_ALLOWED'],
    ['a redirect to a file', '/scheme', 'URL_INVALID'],
    ['a redirect that goes round', '/round', 'TOO_MANY_REDIRECTS'],
    ['a body that says it is too large', '/says-much', 'TOO_LARGE'],
    ['a body without an end', '/endless', 'TOO_LARGE'],
    ['a compressed body', '/zipped', 'ENCODED'],
    ['a connection that is cut', '/cut', 'UNREACHABLE'],
    ['no such file', '/missing', 'BAD_STATUS'],
    ['no content', '/empty', 'BAD_STATUS'],
  ])('refuses %s', async (_name, path, code) => {
    await expect(download(path)).rejects.toMatchObject({ name: 'GuardError', code });
  });

  it.each([
    ['/stops', 'TOO_SLOW'],
    ['/silent', 'TOO_SLOW'],
  ])('does not wait for what stops to come: %s', async (path, code) => {
    await expect(download(path, { idleTimeoutMs: 20 })).rejects.toMatchObject({ code });
    await expect(download(path, { timeoutMs: 20 })).rejects.toMatchObject({ code });
  });

  it('calls only hosts and ports that are open', async () => {
    const [hosts, ports] = [['images.example.com', '*.cdn.example.com'], [443]];
    await expect(download('/file', { hosts })).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' });
    await expect(download('/file', { ports })).rejects.toThrow(/port \d+ is not open; open are 443/);
    const port = Number(new URL(origin).port);
    expect(await download('/file', { hosts: ['127.0.0.1'], ports: [port] })).toHaveLength(PICTURE.length);
    const lookalike = downloadFile('http://cdn.example.com.evil.test/', { hosts });
    await expect(lookalike).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' });
  });

  it('says what is wrong without the address that a name led to', async () => {
    const lookup = ((_name: string, _options: object, callback: (error: null, all: object[]) => void) =>
      callback(null, [{ address: '10.11.12.13', family: 4 }])) as unknown as DownloadOptions['lookup'];
    const inside = downloadFile('http://inside.test/', lookup ? { lookup } : {});
    await expect(inside).rejects.toThrow(/^inside\.test:80 is not on the public internet/);
    await expect(inside).rejects.not.toThrow(/10\.11/);
    const refused = await freePort();
    await expect(
      downloadFile(`http://127.0.0.1:${refused}/`, { rules: createAddressRules(['127.0.0.1']) }),
    ).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'the URL could not be fetched: nobody listens there',
    });
  });

  it('ends at once when its caller gives up', async () => {
    const enough = new AbortController();
    const call = download('/silent', { signal: enough.signal });
    enough.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

/** One where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await new Promise((resolve) => connect(port, '127.0.0.1').once('error', resolve));
  return port;
}
