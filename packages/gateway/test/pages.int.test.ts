import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

// How the page for videos is served; what it does is seen in a browser by a story.
describe('the page for videos', () => {
  let gateway: ArtifactGateway;
  beforeAll(async () => {
    gateway = await startArtifactGateway({}, 'publicUrl: https://gpu.example.com\n');
  });
  afterAll(() => gateway.stop());
  const ask = (path: string, init?: RequestInit) =>
    fetch(gateway.url + path, { redirect: 'manual', ...init });

  test('is there without a key, below an address that its files are relative to', async () => {
    const bare = await ask('/pages/ergonomics');
    expect(bare.status).toBe(308);
    expect(bare.headers.get('location')).toBe('ergonomics/');
    const page = await ask('/pages/ergonomics/');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const text = await page.text();
    // Nothing inline, nothing from elsewhere.
    expect(text).not.toMatch(/<style|style=|<script(?![^>]* src=)|(?:src|href)="(?!\.\/)/);
    const names = [...text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const name of names) {
      const file = await ask(`/pages/ergonomics/${name}`);
      expect(file.status).toBe(200);
      expect(file.headers.get('cache-control')).toContain('immutable');
    }
  });

  test('may run its own scripts, and call the gateway under its public address, and nothing else', async () => {
    const policy = (await ask('/pages/ergonomics/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).toContain("connect-src 'self' https://gpu.example.com;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
  });

  test('has no other files, and never says the key', async () => {
    expect((await ask('/pages/ergonomics/../../etc/passwd')).status).toBe(404);
    expect((await ask('/pages/ergonomics/package.json')).status).toBe(404);
    expect(await (await ask('/pages/ergonomics/settings.json')).json()).toEqual({});
    expect(await (await ask('/pages/ergonomics/')).text()).not.toContain(ADMIN_KEY);
  });
});
