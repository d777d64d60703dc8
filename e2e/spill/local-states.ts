import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeWorker } from '../harness/node-worker.ts';
import type { TestGateway } from '../harness/start-gateway.ts';

/** What may be wrong with the workers here. */
export const LOCAL_STATES = {
  stopped: 'none may start',
  hung: 'they take a job and fall silent',
  stuck: 'they take a job, stay in touch and never end it',
  'crash-loop': 'they die at their start',
  dying: 'they die with every job',
  slow: 'they take 3 s for a job',
} as const;
export type LocalState = keyof typeof LOCAL_STATES;

/** A worker that does to each job what the file `mode` beside it says. */
export const LOCAL_WORKER = `import { readFileSync } from 'node:fs';
const mode = () => readFileSync('mode', 'utf8');
if (mode() === 'crash-loop') process.exit(3);
${nodeWorker(`
    if (mode() === 'hung') process.kill(process.pid, 'SIGSTOP');
    if (mode() === 'stuck') await new Promise(() => {});
    if (mode() === 'dying') process.exit(4);
    if (mode() === 'slow') await new Promise((resolve) => setTimeout(resolve, 3000));
    return { where: 'here', token: job.input.token };
`)}`;

/** From now on the workers here are like this. */
export async function setLocal(here: TestGateway, state: LocalState | 'well'): Promise<void> {
  writeFileSync(join(here.folder, 'mode'), state);
  const max = state === 'stopped' ? 0 : 1;
  await here.call('/v1/endpoints/near', { method: 'PATCH', body: JSON.stringify({ workers: { max } }) });
}
