// Containers on a real engine, Docker or Podman: everything that the stand-in can only play.
// `npx vitest run --project int packages/gateway/test/real-engine` on a machine where `docker info` (or `podman info`)
// answers; it pulls one small image. SPILLWAY_CONTAINER_ENGINE chooses where both are there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatProblems, parseConfig } from '../src/config/index.ts';
import { createGateway, type Gateway } from '../src/gateway.ts';
import { describeBackend } from './backend.contract.ts';
import { eventually } from './process-watch.ts';

const IMAGE = 'docker.io/library/busybox:1.37';
const ADMIN = 'spk_admin-key-of-the-tests';
const wanted = process.env.SPILLWAY_CONTAINER_ENGINE;
const engine = (wanted ? [wanted] : ['docker', 'podman']).find(
  (program) => spawnSync(program, ['info']).status === 0,
);

/** A worker in a dozen lines of shell: RunPod's protocol is all that it speaks. */
const WORKER = `
while :; do
  take=$(echo "$RUNPOD_WEBHOOK_GET_JOB" | sed "s/[$]ID/$RUNPOD_POD_ID/")
  job=$(wget -q -O - --header "Authorization: $RUNPOD_AI_API_KEY" "$take&job_in_progress=0") || continue
  id=$(echo "$job" | sed -n 's/^{"id":"\\([^"]*\\)".*/\\1/p')
  [ -n "$id" ] || continue
  echo "ran $id" | tee /runpod-volume/last
  done=$(echo "$RUNPOD_WEBHOOK_POST_OUTPUT" | sed "s/[$]RUNPOD_POD_ID/$RUNPOD_POD_ID/; s/[$]ID/$id/")
  wget -q -O - --header "Authorization: $RUNPOD_AI_API_KEY" --post-data '{"output":"done"}' "$done"
done
`;

if (engine === undefined) {
  console.warn('SKIPPED: no container engine answers here (docker info, podman info)');
  test.skip('containers on a real engine', () => {});
} else {
  const hostEnv = { ...process.env, SPILLWAY_CONTAINER_ENGINE: engine };
  describeBackend(`container, on ${engine}`, () => ({
    kind: 'container',
    hostEnv,
    endpointOf: (command) => ({
      command: [],
      backends: ['container'],
      container: { image: IMAGE, args: command, gpus: 0, volumes: [] },
    }),
    isAlive: (workerId) => isRunning(engine, `spillway.worker=${workerId}`),
    endWatchdog: (pid) => process.kill(-pid, 'SIGKILL'),
    // Podman's init process doesn't pass the reason on.
    codeOfMissingProgram: /podman/.test(engine) ? 1 : 127,
    folder: 'containers',
    close: () => {},
  }));
  describe(`jobs, on ${engine}`, () => describeJobs(engine, hostEnv));
}

/** Whether a container with this label runs; Docker calls one `created` that prints its first lines already. */
function isRunning(program: string, label: string): boolean {
  const words = ['ps', '--all', '--filter', `label=${label}`, '--format', '{{.State}}'];
  const { stdout } = spawnSync(program, words, { encoding: 'utf8' });
  return /^(created|running|up)/i.test(stdout);
}

function describeJobs(program: string, hostEnv: Readonly<Record<string, string | undefined>>): void {
  let folder: string;
  let gateway: Gateway;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'spillway-engine-'));
    const args = (script: string) => JSON.stringify(['sh', '-c', script]);
    const yaml = `
listen: 127.0.0.1:0
data: ./data
endpoints:
  shell: { image: "${IMAGE}", gpus: none, args: ${args(WORKER)}, workers: { max: 1 } }
  hungry: { image: "${IMAGE}", gpus: none, memory: 32m, args: ${args('x=a; while :; do x=$x$x; done')} }
`;
    const parsed = parseConfig(yaml, {
      path: path.join(folder, 'spillway.yaml'),
      env: {},
      builtInWorkers: {},
    });
    if (!parsed.ok) throw new Error(formatProblems('spillway.yaml', parsed.problems));
    gateway = createGateway({
      config: parsed.config,
      adminKey: ADMIN,
      log: pino({ level: 'silent' }),
      hostEnv,
    });
    await gateway.start();
  });
  afterEach(async () => {
    await gateway.stop();
    expect(isRunning(program, 'spillway.endpoint')).toBe(false);
    rmSync(folder, { recursive: true });
  });

  async function call(at: string, json?: unknown) {
    const reply = await fetch(`${gateway.url}${at}`, {
      headers: { authorization: ADMIN },
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    });
    return (await reply.json()) as Record<string, unknown> & { waitReason?: { message: string } };
  }

  test('a job goes through a container, which keeps its volume', async () => {
    const reply = await call('/v2/shell/runsync?wait=60000', { input: {} });
    expect(reply).toMatchObject({ status: 'COMPLETED', output: 'done' });
    expect(readFileSync(path.join(folder, 'data/volumes/shell/last'), 'utf8')).toBe(`ran ${reply.id}\n`);
  });

  test('a container that needs more memory than it may have is told so', async () => {
    const { id } = await call('/v2/hungry/run', { input: {} });
    // Podman doesn't always know why the kernel killed it.
    const words = /podman/.test(program) ? /memory/ : /more memory than its limit/;
    await eventually(async () => {
      const { waitReason } = await call(`/v2/hungry/status/${id}`);
      return words.test(waitReason?.message ?? '');
    });
  });
}
