import type { lookup as systemLookup } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAddressRules, GuardError, guardedFetch } from '../src/net/index.ts';

/** Every name resolves to these addresses, in turn. */
function resolvesTo(...answers: string[][]): typeof systemLookup {
  let call = 0;
  const lookup = (_name: string, _options: object, callback: (error: null, found: object[]) => void) => {
    const answer = answers[Math.min(call, answers.length - 1)] ?? [];
    call += 1;
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return lookup as unknown as typeof systemLookup;
}

describe('a guarded fetch', () => {
  let server: Server;
  let port: number;
  const seen: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.host}${request.url}`);
      if (request.url === '/away')
        return response.writeHead(302, { location: 'http://169.254.169.254/secret' }).end();
      if (request.url === '/round') return response.writeHead(302, { location: '/round' }).end();
      if (request.url === '/on') return response.writeHead(307, { location: '/large' }).end();
      if (request.url === '/hang') return undefined;
      return request.pipe(response.writeHead(200, { 'x-test': 'yes' })).on('finish', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const rules = () => createAddressRules(['127.0.0.1']);

  it('reaches what the operator opened, with method, headers and body', async () => {
    const reply = await guardedFetch(`http://127.0.0.1:${port}/echo`, {
      method: 'POST',
      body: 'hello',
      rules: rules(),
    });
    expect(reply).toMatchObject({ status: 200, headers: { 'x-test': 'yes' } });
    expect(Buffer.from(reply.body).toString()).toBe('hello');
  });

  it.each([
    'http://127.0.0.1:1/',
    'http://[::1]/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://localhost/',
  ])('refuses %s', async (url) => {
    await expect(guardedFetch(url)).rejects.toThrow(/not on the public internet/);
  });

  it('names an IPv6 address as its URL does', async () => {
    await expect(guardedFetch('http://[::1]:8080/')).rejects.toThrow(/^\[::1\]:8080 is not/);
  });

  it.each(['ftp://example.test/', 'file:///etc/passwd', 'nonsense', 'http://user:pass@example.test/'])(
    'refuses %s as a URL',
    async (url) => {
      await expect(guardedFetch(url)).rejects.toThrow(GuardError);
    },
  );

  it('refuses a name of which one address is private', async () => {
    const lookup = resolvesTo(['93.184.216.34', '10.0.0.1']);
    await expect(guardedFetch('http://both.test/', { lookup })).rejects.toThrow(
      /both\.test:80 is not on the public/,
    );
  });

  it('connects to the address that was checked, even if the name changes its mind', async () => {
    const before = seen.length;
    const lookup = resolvesTo(['127.0.0.1'], ['10.0.0.1']);
    const reply = await guardedFetch(`http://rebind.test:${port}/x`, { lookup, rules: rules() });
    expect(reply.status).toBe(200);
    expect(seen.slice(before)).toEqual([`GET rebind.test:${port}/x`]);
  });

  it('checks every redirect like the first URL, and follows none unless asked', async () => {
    const asIs = await guardedFetch(`http://127.0.0.1:${port}/away`, { rules: rules() });
    expect(asIs.status).toBe(302);
    await expect(
      guardedFetch(`http://127.0.0.1:${port}/away`, { rules: rules(), maxRedirects: 3 }),
    ).rejects.toThrow(/169\.254\.169\.254/);
    await expect(
      guardedFetch(`http://127.0.0.1:${port}/round`, { rules: rules(), maxRedirects: 3 }),
    ).rejects.toThrow(/redirects too often/);
    expect(
      await guardedFetch(`http://127.0.0.1:${port}/on`, { rules: rules(), maxRedirects: 3 }),
    ).toMatchObject({
      status: 200,
      url: `http://127.0.0.1:${port}/large`,
    });
  });

  it('reads no more than it may, and waits no longer', async () => {
    const url = `http://127.0.0.1:${port}/echo`;
    const long = guardedFetch(url, { method: 'POST', body: 'x'.repeat(50), maxBytes: 49, rules: rules() });
    await expect(long).rejects.toThrow(/larger than 49 bytes/);
    const aborted = new AbortController();
    const hanging = guardedFetch(`http://127.0.0.1:${port}/hang`, { rules: rules(), signal: aborted.signal });
    aborted.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
    await expect(
      guardedFetch(`http://127.0.0.1:${port}/hang`, { rules: rules(), timeoutMs: 5 }),
    ).rejects.toMatchObject({ code: 'TOO_SLOW' });
  });
});
