import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from './start-cli.ts';
import { type StorageGateway, startStorageGateway } from './storage-gateway.ts';

// `spillway page ergonomics`: links with a token of their own, and the page's files for somebody else's server.
describe('page ergonomics', () => {
  let gateway: StorageGateway;
  const page = (...args: string[]) =>
    runCli(['page', 'ergonomics', ...args], {
      ...{ cwd: gateway.cwd, env: { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: gateway.key } },
    });
  beforeAll(async () => {
    gateway = await startStorageGateway(
      'endpoints: {ergonomics: {command: [node, worker.js], maxUpload: 512m}}\n',
    );
  });
  afterAll(() => gateway.stop());

  test('prints a link whose token uploads, and says how long it is good', async () => {
    const { code, stdout, stderr } = await page('--expires', '30m', '--max-gb', '1');
    expect(code).toBe(0);
    expect(stderr).toContain('good for 30 min, for up to 1 GiB, one video at most 0.5 GiB.');
    const link = new URL(stdout.trim());
    expect(link.origin + link.pathname).toBe(`${gateway.url}/pages/ergonomics/`);
    const token = new URLSearchParams(link.hash.slice(1)).get('token');
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${gateway.url}/v1/artifacts`, { headers })).status).toBe(200);
    expect((await fetch(`${gateway.url}/v1/keys`, { headers })).status).toBe(403);
    const body = JSON.stringify({ name: 'a.mp4', sizeBytes: 2 * 1024 ** 3 });
    expect((await fetch(`${gateway.url}/v1/artifacts`, { method: 'POST', headers, body })).status).toBe(413);
  });

  test('makes links to where the page is hosted', async () => {
    const { stdout } = await page('--at', 'https://app.example.com/ergo/', '--json');
    const { link, token } = JSON.parse(stdout) as { link: string; token: { endpoint: string } };
    expect(link).toMatch(/^https:\/\/app\.example\.com\/ergo\/#endpoint=ergonomics&token=spu_/);
    expect(token.endpoint).toBe('ergonomics');
    expect(await page('--at', 'app.example.com')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--at: expected an address such as'),
    });
  });

  test('says what is wrong with an endpoint or a time that cannot be', async () => {
    expect((await page('--endpoint', 'nowhere')).stderr).toContain('endpoint not found');
    expect((await page('--expires', '3d')).stderr).toContain('expected a duration from 1m to 24h');
  });

  test('writes the page with the address of its gateway, and never among other work', async () => {
    expect(await page('--out', 'site')).toMatchObject({ code: 0, stdout: 'site\n' });
    const read = (name: string) => readFile(path.join(gateway.cwd, 'site', name), 'utf8');
    expect(JSON.parse(await read('settings.json'))).toEqual({ gateway: gateway.url });
    const [, script = ''] = /src="\.\/(assets\/[^"]+)"/.exec(await read('index.html')) ?? [];
    expect((await read(script)).length).toBeGreaterThan(10_000);
    await writeFile(path.join(gateway.cwd, 'package.json'), '{}');
    expect(await page('--out', '.')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is a package'),
    });
  });
});
