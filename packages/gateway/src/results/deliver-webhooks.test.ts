import { createAddressRules } from '@spillway/sdk/net';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestValueBytes } from '../jobs/large-values/test-value-bytes.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import {
  createWebhookDelivery,
  type WebhookDelivery,
  type WebhookDeliveryOptions,
} from './deliver-webhooks.ts';
import type { DeliveryStore } from './delivery.ts';
import { createSqliteDeliveryStore } from './sqlite/sqlite-delivery-store.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const URL = 'https://shop.test/hook';

type Send = NonNullable<WebhookDeliveryOptions['send']>;

describe('webhooks', () => {
  let engine: ReturnType<typeof createTestEngine>;
  let values: ReturnType<typeof createTestValueBytes>;
  let store: DeliveryStore;
  let delivery: WebhookDelivery;
  /** Statuses that the receiver answers, in turn; then 200. */
  let answers: (number | Error)[];
  let failures: unknown[];
  let outcomes: string[];
  let wallTime: () => number;
  let received: { url: string; body: string; headers: Record<string, string> }[];

  const send: Send = async (url, options = {}) => {
    received.push({ url, body: String(options.body), headers: { ...options.headers } });
    const answer = answers.shift() ?? 200;
    if (answer instanceof Error) throw answer;
    return { status: answer, headers: {}, body: new Uint8Array(), url };
  };

  const start = () => {
    delivery = createWebhookDelivery({
      store,
      jobs: engine.queue,
      clock: engine.clock,
      wallTime: () => wallTime(),
      random: () => 0.5,
      secret: SECRET,
      rules: createAddressRules(),
      send,
      onError: (error) => failures.push(error),
    });
    engine.queue.watch(({ transition }) => {
      if (transition?.after.finishedAt !== undefined) delivery.poke();
    });
    delivery.watch((outcome) => outcomes.push(outcome));
    delivery.start();
  };

  beforeEach(() => {
    values = createTestValueBytes();
    engine = createTestEngine({ valueBytes: values.bytes });
    store = createSqliteDeliveryStore(engine.db);
    answers = [];
    received = [];
    failures = [];
    outcomes = [];
    wallTime = engine.clock.now;
    start();
  });
  afterEach(async () => {
    expect(failures).toEqual([]);
    await delivery.stop();
    expect(await engine.stop()).toBe(0);
  });

  const finishJob = async () => {
    const job = await engine.submit({ input: '{"n":1.0}', webhook: URL });
    await engine.take('w1');
    await engine.clock.advance(88);
    await engine.queue.complete({ workerId: 'w1', wireId: job.id }, '{"m":2.0}');
    await engine.clock.advance(0);
    return job.id;
  };

  it('tell a job’s end once, with RunPod’s body, its digits as they were', async () => {
    const id = await finishJob();
    expect(received.map((one) => one.url)).toEqual([URL]);
    expect(received[0]?.body).toBe(
      `{"delayTime":0,"executionTime":88,"id":"${id}","output":{"m":2.0},"status":"COMPLETED","workerId":"w1","input":{"n":1.0},"webhook":"${URL}"}`,
    );
    await engine.clock.advance(3_600_000);
    expect(received).toHaveLength(1);
    expect(store.ofJob(id)).toMatchObject([{ log: [{ status: 200 }] }]);
  });

  it('bring large values whole; while those can’t be read a try has failed, and holds up no other', async () => {
    const text = JSON.stringify('x'.repeat(300_000));
    const job = await engine.submit({ input: `{"text":${text}}`, webhook: URL });
    await engine.take('w1');
    await engine.queue.complete({ workerId: 'w1', wireId: job.id }, text);
    values.fail(new Error('away'));
    await engine.clock.advance(0);
    await finishJob();
    expect(received).toHaveLength(1);
    expect(store.ofJob(job.id)[0]?.log[0]?.error).toContain('could not be read');
    values.fail(undefined);
    await engine.clock.advance(60_000);
    expect(JSON.parse(received[1]?.body ?? '')).toMatchObject({
      ...{ id: job.id, input: { text: 'x'.repeat(300_000) }, output: 'x'.repeat(300_000) },
    });
  });

  it('carry a signature that the standard’s own library accepts, and only for this body', async () => {
    await finishJob();
    const [one] = received;
    const webhook = new Webhook(SECRET);
    // The library refuses old timestamps, and the test's clock stands elsewhere.
    const verify = (body: string) =>
      webhook.sign(
        one?.headers['webhook-id'] ?? '',
        new Date(Number(one?.headers['webhook-timestamp']) * 1_000),
        body,
      );
    expect(verify(one?.body ?? '')).toBe(one?.headers['webhook-signature']);
    expect(verify('{}')).not.toBe(one?.headers['webhook-signature']);
  });

  it('are fresh for their receivers, also where the gateway’s own clock is ahead of everybody’s', async () => {
    // The test's clock stands months away from the real one.
    wallTime = Date.now;
    await finishJob();
    const [one] = received;
    // The library itself says whether the time is near enough.
    const verify = () => new Webhook(SECRET).verify(one?.body ?? '', one?.headers ?? {});
    expect(verify).not.toThrow();
    expect(verify()).toMatchObject({ status: 'COMPLETED' });
  });

  it('go out once, though it can’t be written at first that they did', async () => {
    const job = await engine.submit({ webhook: URL });
    await engine.take('w1');
    await engine.queue.complete({ workerId: 'w1', wireId: job.id }, '1');
    engine.db.exec('PRAGMA query_only = ON');
    await engine.clock.advance(60_000);
    expect(failures.length).toBeGreaterThan(10);
    failures = [];
    engine.db.exec('PRAGMA query_only = OFF');
    await engine.clock.advance(60_000);
    expect(received).toHaveLength(1);
    expect(outcomes).toEqual(['delivered']);
    expect(store.ofJob(job.id)).toMatchObject([{ log: [{ status: 200 }] }]);
  });

  it('go out again after a failure, under the same id, at growing distances', async () => {
    answers = [500, new Error('connection refused')];
    const id = await finishJob();
    expect(received).toHaveLength(1);
    await engine.clock.advance(10_000);
    expect(received).toHaveLength(2);
    await engine.clock.advance(30_000);
    expect(received).toHaveLength(3);
    expect(new Set(received.map((one) => one.headers['webhook-id'])).size).toBe(1);
    expect(outcomes).toEqual(['failed', 'failed', 'delivered']);
    const [kept] = store.ofJob(id);
    expect(kept?.log).toMatchObject([{ status: 500 }, { error: 'connection refused' }, { status: 200 }]);
    expect(kept?.deliveredAt).toBe(engine.clock.now());
    expect(kept?.nextAt).toBeUndefined();
  });

  it('keep their job beyond its retention until they are delivered, and then let it go', async () => {
    await engine.start(() => false);
    answers = Array.from({ length: 6 }, () => 503);
    const id = await finishJob();
    await engine.clock.advance(3_600_000);
    expect(await engine.queue.get(id)).toMatchObject({ id, status: 'COMPLETED', output: '{"m":2.0}' });
    expect(outcomes).not.toContain('delivered');
    await engine.clock.advance(3_600_000);
    expect(outcomes.at(-1)).toBe('delivered');
    expect(store.ofJob(id)).toEqual([]);
    expect(await engine.queue.get(id)).toBeUndefined();
  });

  it('are given up after a day, and go out again when asked', async () => {
    answers = Array.from({ length: 11 }, () => 410);
    const id = await finishJob();
    await engine.clock.advance(2 * 86_400_000);
    expect(received).toHaveLength(11);
    expect(outcomes).toEqual([...Array.from({ length: 10 }, () => 'failed'), 'given_up']);
    const [kept] = store.ofJob(id);
    expect(kept?.nextAt).toBeUndefined();
    expect(await store.redeliver(kept?.id ?? 0, engine.clock.now())).toBe(true);
    delivery.poke();
    await engine.clock.advance(0);
    expect(received).toHaveLength(12);
    expect(store.ofJob(id)[0]?.deliveredAt).toBe(engine.clock.now());
  });

  it('that wait while the gateway is down go out when it is back', async () => {
    await delivery.stop();
    const id = await finishJob();
    expect(received).toEqual([]);
    start();
    await engine.clock.advance(0);
    expect(received).toHaveLength(1);
    expect(store.ofJob(id)[0]?.deliveredAt).toBe(engine.clock.now());
  });

  it('are sent for every kind of end, a cancelled queue too', async () => {
    const job = await engine.submit({ webhook: URL });
    await engine.queue.cancel(job.id);
    await engine.clock.advance(0);
    expect(received.map((one) => JSON.parse(one.body).status)).toEqual(['CANCELLED']);
  });
});
