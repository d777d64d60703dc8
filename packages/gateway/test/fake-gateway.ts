import { createSystemClock } from '@spillway/sdk/clock';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import { createProcessBackend } from '../src/fleet/backends/process.ts';
import { eventually } from './process-watch.ts';

// A gateway reduced to its process backend, which a test kills: starts one worker that ignores SIGTERM and has a child,
// sends the whole group a SIGTERM that nobody obeys, and prints the two pids.
const dataDir = process.argv[2] ?? '';
const backend = createProcessBackend({
  clock: createSystemClock(),
  dataDir,
  hostEnv: process.env,
  onError: (message, error) => console.error(message, error),
});
const script = 'trap "" TERM; sleep 1000 & echo $!; while :; do wait; done';
const worker = await backend.start({
  workerId: 'worker1',
  endpoint: newTestEndpoint({ command: ['sh', '-c', script] }),
  env: {},
});
await eventually(() => worker.log.printed(1).length === 1);
worker.terminate();
console.log(JSON.stringify({ worker: worker.pid, child: Number(worker.log.printed(1)[0]) }));
if (process.argv[3] === 'exit') process.exit(0);
