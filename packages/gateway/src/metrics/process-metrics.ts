import { performance } from 'node:perf_hooks';
import type { Registry } from './registry.ts';

/** The gateway's own process, under the names that Prometheus' client libraries use. */
export function addProcessMetrics(registry: Registry): void {
  const startedAt = Math.round(performance.timeOrigin) / 1000;
  registry.readCounter('process_cpu_seconds_total', 'Processor time, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const gauge = (name: string, help: string, read: () => number) =>
    registry.gauge(name, help, [], () => [[[], read()]]);
  gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970.', () => startedAt);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  gauge(
    'nodejs_external_memory_bytes',
    'Memory of buffers and the like.',
    () => process.memoryUsage().external,
  );
  registry.readCounter(
    'nodejs_eventloop_active_seconds_total',
    'Time in which the event loop worked; its rate is how busy the gateway is.',
    () => performance.eventLoopUtilization().active / 1000,
  );
}
