import { createSystemClock } from '@spillway/sdk/clock';
import type { Endpoint } from '../src/endpoints/endpoint.ts';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import { createBackends } from '../src/fleet/create-backends.ts';
import { eventually } from './process-watch.ts';

// A gateway reduced to one backend, which a test kills: starts one worker, waits for its first line, sends the worker a
// request to end, and prints what is known of it. Arguments: data folder, backend, the endpoint's changes as JSON,
// `stay` or `exit`.
const [dataDir = '', kind = '', changes = '{}', mode] = process.argv.slice(2);
const endpoint = newTestEndpoint(JSON.parse(changes) as Partial<Endpoint>);
const backend = createBackends({
  clock: createSystemClock(),
  dataDir,
  hostEnv: process.env,
  onError: (message, error) => console.error(message, error),
  endpoints: [endpoint],
  hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
  hasHostNetwork: true,
}).find((one) => one.kind === kind);
if (!backend) throw new Error(`no backend ${kind}`);
const worker = await backend.start({ workerId: 'worker1', endpoint, env: {} });
await eventually(() => worker.log.printed(1).length === 1);
worker.terminate();
console.log(JSON.stringify({ pid: worker.pid, line: worker.log.printed(1)[0] }));
if (mode === 'exit') process.exit(0);
