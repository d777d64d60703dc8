// What docs/clip.md says is done as it stands there: its configuration runs, its shell, its TypeScript and (where Python has
// the package) its Python get vectors.
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const run = promisify(execFile);
const SECRET = 'a secret of this test';
const PICTURE = readFileSync(new URL('../../packages/workers/test/fixtures/shapes/00.jpg', import.meta.url));
const docs = readFileSync(new URL('../../docs/clip.md', import.meta.url), 'utf8');

function blockOf(head: string, including = ''): string {
  const blocks = docs
    .split(`\`\`\`${head}\n`)
    .slice(1)
    .map((rest) => rest.split('\n```')[0] ?? '');
  const found = blocks.find((block) => block.includes(including));
  if (found === undefined) throw new Error(`docs/clip.md has no such block: ${head}`);
  return found;
}

function has(title: string, [program = '', ...args]: readonly string[]): boolean {
  const isThere = spawnSync(program, args).status === 0;
  if (!isThere) console.warn(`SKIPPED: ${title} is not installed`);
  return isThere;
}

describe('docs/clip.md', () => {
  let test: TestGateway;
  let server: Server;
  let env: NodeJS.ProcessEnv;
  // Inside the repository, where packages are found.
  let folder: string;
  beforeAll(async () => {
    server = createServer((_request, response) => void response.end(PICTURE)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // The test's pictures come from this machine, and its secret is not in the environment.
    const secret = `EMBEDDING_HMAC_SECRET: '${SECRET}', SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1:${port}'`;
    test = await startGateway(
      blockOf('yaml').replace(/EMBEDDING_HMAC_SECRET: "\$\{EMBEDDING_HMAC_SECRET\}"/, secret),
    );
    const cache = join(import.meta.dirname, '..', '..', '.cache');
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, 'clip-docs-'));
    env = {
      PATH: process.env.PATH,
      CLIP_INFERENCE_BACKEND: 'local',
      SPILLWAY_URL: test.url,
      SPILLWAY_API_KEY: ADMIN_KEY,
      EMBEDDING_HMAC_SECRET: SECRET,
      IMAGE_URL: `http://127.0.0.1:${port}/star.jpg`,
    };
  });
  afterAll(async () => {
    await test.stop();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const sample = async (name: string) => {
    writeFileSync(join(folder, name), blockOf(`ts ${name}`));
    const { stdout } = await run(process.execPath, [join(folder, name)], { env });
    return stdout.trim().split('\n');
  };

  it('its TypeScript embeds a picture, a text and a list', async () => {
    const [first = '', ...rest] = await sample('embed.ts');
    expect(JSON.parse(first)).toEqual({
      dim: 512,
      backend: 'local',
      similarity: expect.any(Number) as number,
    });
    expect(rest).toEqual(['512', 'DOWNLOAD_ERROR']);
  });

  it('its OpenAI client embeds a text and a picture', async () => {
    const [answer = ''] = await sample('openai.ts');
    expect(JSON.parse(answer)).toMatchObject({ dims: [512, 512] });
  });

  it.skipIf(!has('openssl', ['openssl', 'version']) || !has('curl', ['curl', '--version']))(
    'its shell signs and calls',
    async () => {
      // Of its own, since one URL counts once a second by version 0.
      const own = { ...env, IMAGE_URL: `${env.IMAGE_URL}?shell` };
      const { stdout } = await run('sh', ['-c', blockOf('sh', 'runsync')], { env: own });
      expect(JSON.parse(stdout)).toMatchObject({
        status: 'COMPLETED',
        output: { request_id: 'r1', dim: 512 },
      });
    },
  );

  it.skipIf(!has('Python with openai', ['python3', '-c', 'import openai']))(
    'its Python embeds a text and a picture',
    async () => {
      const { stdout } = await run('python3', ['-c', blockOf('python')], { env });
      expect(stdout.trim()).toBe('[512, 512]');
    },
  );
});
