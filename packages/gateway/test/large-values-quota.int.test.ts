import { storageViewSchema } from '@spillway/protocol/v1';
import { expect, test } from 'vitest';
import { startArtifactGateway } from './artifact-gateway.ts';

const MB = 1_000_000;
const YAML = `
endpoints: { echo: { backends: [pool] } }
artifacts: { quota: { perKey: 2m, total: 3m } }
`;

test('large inputs and outputs count in the quotas, also after a restart, and are told apart from artifacts', async () => {
  const gateway = await startArtifactGateway({}, YAML);
  const ask = async (method: string, path: string, body?: unknown, key?: string) => {
    const reply = await gateway.call(method, path, body, key);
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const submit = (key?: string) => ask('POST', '/v2/echo/run', { input: { text: 'x'.repeat(MB) } }, key);
  const storage = async (key?: string) =>
    storageViewSchema.strict().parse((await ask('GET', '/v1/storage', undefined, key)).body);
  try {
    const { key } = (await ask('POST', '/v1/keys', { name: 'a', scope: 'client' })).body;
    const { id } = (await submit(key)).body;
    await gateway.restart();
    expect(await storage(key)).toMatchObject({
      own: { artifacts: 0, values: 1, bytes: MB + 11, valueBytes: MB + 11 },
    });
    await submit(key);
    const refused = await submit(key);
    expect(refused).toMatchObject({ status: 413, body: { code: 'QUOTA_EXCEEDED' } });
    expect(refused.body.error).toMatch(
      /the large values of its jobs \(artifacts\.quota\.perKey\) may have 2\.1 MB/,
    );
    expect((await submit()).status).toBe(200);
    expect(await submit()).toMatchObject({ status: 507, body: { code: 'STORAGE_FULL' } });
    const upload = { name: 'x', sizeBytes: 300_000, prefix: 'uploads' };
    expect(await ask('POST', '/v1/artifacts', upload)).toMatchObject({ body: { code: 'STORAGE_FULL' } });
    expect((await storage()).all).toMatchObject({ values: 3, artifacts: 0 });
    await ask('POST', `/v1/jobs/${id}/cancel`, {}, key);
    await ask('DELETE', `/v1/jobs/${id}`, undefined, key);
    gateway.advance(11 * 60_000);
    await gateway.restart();
    await expect.poll(async () => (await storage()).all?.values).toBe(2);
    expect((await submit(key)).status).toBe(200);
  } finally {
    await gateway.stop();
  }
});
