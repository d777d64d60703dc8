// A webhook reaches its receiver once per end of a job, signed, after a failure again, and never a private address that
// the operator did not open.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

let receiver: Server;
let hook: string;
let received: { headers: IncomingHttpHeaders; body: Record<string, unknown> }[];
let test: TestGateway | undefined;

beforeEach(async () => {
  received = [];
  receiver = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    received.push({ headers: request.headers, body: JSON.parse(text) });
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterEach(async () => {
  await test?.stop();
  receiver.close();
});

const endpoint = `endpoints:\n${nodeEndpoint('echo', 'echo.mjs')}`;
const files = { 'echo.mjs': nodeWorker('return job.input;') };
type Deliveries = {
  deliveries: { id: number; deliveredAt?: number; log: { status?: number; error?: string }[] }[];
};

it('tells a job’s end, signed, and again when asked', async () => {
  test = await startGateway(`allowPrivateUrls: [127.0.0.1]\n${endpoint}`, files);
  const reply = await test.call('/v2/echo/runsync', { json: { input: { a: 1 }, webhook: hook } });
  const { id } = (await reply.json()) as { id: string };
  await until(() => received.length === 1);
  expect(received[0]?.body).toMatchObject({
    id,
    status: 'COMPLETED',
    output: { a: 1 },
    input: { a: 1 },
    webhook: hook,
  });
  expect(received[0]?.headers['webhook-signature']).toMatch(/^v1,/);
  const { call } = test;
  let deliveries: Deliveries['deliveries'] = [];
  // It is noted after the receiver has answered.
  await until(async () => {
    ({ deliveries } = (await (await call(`/v1/jobs/${id}/deliveries`)).json()) as Deliveries);
    return (deliveries[0]?.log.length ?? 0) > 0;
  });
  expect(deliveries).toMatchObject([{ log: [{ status: 200 }] }]);
  await call(`/v1/deliveries/${deliveries[0]?.id}/redeliver`, { json: {} });
  await until(() => received.length === 2);
  expect(received[1]?.headers['webhook-id']).toBe(received[0]?.headers['webhook-id']);
});

it('goes nowhere private unless that was opened, and the log says why', async () => {
  test = await startGateway(endpoint, files);
  const { url } = test;
  const reply = await test.call('/v2/echo/runsync', { json: { input: {}, webhook: hook } });
  const { id } = (await reply.json()) as { id: string };
  const deliveries = async () => {
    const log = await fetch(`${url}/v1/jobs/${id}/deliveries`, {
      headers: { authorization: 'Bearer spk_key-of-the-story-tests' },
    });
    return ((await log.json()) as Deliveries).deliveries;
  };
  await until(async () => ((await deliveries())[0]?.log.length ?? 0) > 0);
  expect((await deliveries())[0]?.log[0]?.error).toMatch(/not on the public internet.*allowPrivateUrls/);
  expect(received).toEqual([]);
});
