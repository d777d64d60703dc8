import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import type { FleetChange, WorkerSnapshot } from '../fleet/fleet.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import type { DeliveryOutcome } from '../results/delivery.ts';
import { createGatewayMetrics, type GatewayMetrics, type MetricsSource } from './gateway-metrics.ts';

describe('the metrics of a gateway', () => {
  let engine: ReturnType<typeof createTestEngine>;
  let metrics: GatewayMetrics;
  let workers: WorkerSnapshot[];
  let tell: (change: FleetChange) => void;
  let endpoints: MetricsSource['endpoints'];
  let tellDelivery: (outcome: DeliveryOutcome) => void;
  beforeEach(() => {
    engine = createTestEngine();
    workers = [];
    endpoints = createTestDirectory(newTestEndpoint({ name: 'echo' }));
    metrics = createMetrics();
  });
  afterEach(async () => {
    expect(await engine.stop()).toBe(0);
  });

  function createMetrics(): GatewayMetrics {
    return createGatewayMetrics({
      queue: engine.queue,
      fleet: {
        workers: () => workers,
        onChange(listener) {
          tell = listener;
        },
      },
      endpoints: { names: () => endpoints.names(), isPaused: (name) => endpoints.isPaused(name) },
      version: '1.2.3',
      watchWebhooks: (watcher) => {
        tellDelivery = watcher;
      },
    });
  }

  /** The value of one series; undefined when it is not there. */
  async function value(series: string): Promise<number | undefined> {
    const lines = (await metrics.text()).split('\n');
    const line = lines.find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  it('counts a job from its submit to its end, with its wait and its run', async () => {
    const job = await engine.submit();
    expect(await value('spillway_jobs{endpoint="echo",status="IN_QUEUE"}')).toBe(1);
    expect(await value('spillway_queue_depth{endpoint="echo"}')).toBe(1);
    await engine.clock.advance(2_000);
    await engine.take('w1');
    expect(await value('spillway_jobs{endpoint="echo",status="IN_PROGRESS"}')).toBe(1);
    expect(await value('spillway_queue_delay_seconds_sum{endpoint="echo"}')).toBe(2);
    await engine.clock.advance(4_000);
    await engine.queue.complete({ workerId: 'w1', wireId: job.id }, '1');
    expect(await value('spillway_execution_seconds_sum{endpoint="echo",outcome="completed"}')).toBe(4);
    expect(await value('spillway_jobs_submitted_total{endpoint="echo"}')).toBe(1);
    expect(await value('spillway_jobs_total{endpoint="echo",status="COMPLETED"}')).toBe(1);
    expect(await value('spillway_queue_depth{endpoint="echo"}')).toBe(0);
  });

  it('counts a wait from when the job could be delivered, not through its delay or its first run', async () => {
    await engine.submit({ delayMs: 60_000 });
    const open = engine.take('w1', { holdMs: 120_000 });
    await engine.clock.advance(60_000);
    await engine.queue.wakeDelayed();
    await open;
    const sum = 'spillway_queue_delay_seconds_sum{endpoint="echo"}';
    expect(await value(sum)).toBe(0);
    await engine.clock.advance(30_000);
    await engine.queue.handBack('w1', 'drained');
    await engine.clock.advance(1_000);
    await engine.take('w2');
    expect(await value(sum)).toBe(1);
    expect(await value('spillway_jobs_retried_total{endpoint="echo"}')).toBe(1);
    // The delay's end woke the endpoint, and was no second submit.
    expect(await value('spillway_jobs_submitted_total{endpoint="echo"}')).toBe(1);
  });

  it('counts workers by state, and each start until its first request once', async () => {
    const worker = { id: 'w1', endpoint: 'echo', backend: 'process', startedAt: 1_000, jobs: 0 } as const;
    workers = [{ ...worker, state: 'idle', readyAt: 4_000 }];
    tell({ endpoint: 'echo', worker: { ...worker, state: 'initializing' } });
    for (const state of ['idle', 'running', 'idle'] as const)
      tell({ endpoint: 'echo', worker: { ...worker, state, readyAt: 4_000 } });
    expect(await value('spillway_cold_start_seconds_count{endpoint="echo"}')).toBe(1);
    expect(await value('spillway_cold_start_seconds_sum{endpoint="echo"}')).toBe(3);
    expect(await value('spillway_workers{endpoint="echo",state="idle"}')).toBe(1);
    expect(await value('spillway_workers{endpoint="echo",state="running"}')).toBe(0);
  });

  it('counts tries of webhooks by what they came to, from zero', async () => {
    const counts = async () =>
      await Promise.all(
        ['delivered', 'failed', 'given_up'].map((outcome) =>
          value(`spillway_webhook_deliveries_total{outcome="${outcome}"}`),
        ),
      );
    expect(await counts()).toEqual([0, 0, 0]);
    for (const outcome of ['failed', 'failed', 'delivered', 'given_up'] as const) tellDelivery(outcome);
    expect(await counts()).toEqual([1, 2, 1]);
  });

  it('times requests by route and tells about its build and its process', async () => {
    metrics.observeRequest('GET', '/v1/jobs/:id', 200, 50);
    const labels = 'method="GET",route="/v1/jobs/:id",status="200"';
    expect(await value(`spillway_http_request_duration_seconds_bucket{le="0.05",${labels}}`)).toBe(1);
    expect(await value(`spillway_http_request_duration_seconds_bucket{le="0.025",${labels}}`)).toBe(0);
    expect(await value(`spillway_build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
    expect(await value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('starts the totals of an endpoint at zero with its first job', async () => {
    expect(await value('spillway_jobs_retried_total{endpoint="echo"}')).toBeUndefined();
    await engine.submit();
    expect(await value('spillway_jobs_retried_total{endpoint="echo"}')).toBe(0);
    expect(await value('spillway_queue_delay_seconds_count{endpoint="echo"}')).toBe(0);
  });

  it('reads states and the totals of the process anew each time, and forgets endpoints that are gone', async () => {
    expect(await value('spillway_endpoint_paused{endpoint="echo"}')).toBe(0);
    endpoints = createTestDirectory(newTestEndpoint({ name: 'other' }));
    for (const series of ['endpoint_paused{endpoint="echo"}', 'workers{endpoint="echo",state="idle"}'])
      expect(await value(`spillway_${series}`)).toBeUndefined();
    expect(await value('spillway_endpoint_paused{endpoint="other"}')).toBe(0);
    const seconds = await value('process_cpu_seconds_total');
    const { user, system } = process.cpuUsage();
    expect(seconds).toBeLessThanOrEqual((user + system) / 1e6);
  });

  it('does not add up with another gateway in the same process', async () => {
    createMetrics().observeRequest('GET', '/livez', 200, 1);
    expect(await metrics.text()).not.toContain('/livez');
  });

  it('is well-formed: every series belongs to a family that was announced, and no line is odd', async () => {
    metrics.observeRequest('GET', '/metrics', 200, 1);
    const families = new Set<string>();
    for (const line of (await metrics.text()).split('\n')) {
      const announced = /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line);
      if (announced) families.add(announced[1] ?? '');
      if (line === '' || line.startsWith('#')) continue;
      const series = /^([a-z_]+)(?:\{(?:[a-z_]+="[^"]*",?)*\})? (?:[\d.e+-]+|\+Inf)$/.exec(line);
      expect(series, line).not.toBeNull();
      const family = (series?.[1] ?? '').replace(/_(?:bucket|sum|count)$/, '');
      expect(families.has(family) || families.has(series?.[1] ?? ''), line).toBe(true);
    }
  });
});
