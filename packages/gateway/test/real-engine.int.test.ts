// The contract of backends on a real container engine, Docker or Podman: everything that the stand-in can only play.
// `npx vitest run --project int packages/gateway/test/real-engine` on a machine where `docker info` (or `podman info`)
// answers; it pulls one small image.
import { spawnSync } from 'node:child_process';
import { test } from 'vitest';
import { describeBackend } from './backend.contract.ts';

const IMAGE = 'docker.io/library/busybox:1.37';
const engine = ['docker', 'podman'].find((program) => spawnSync(program, ['info']).status === 0);

if (engine === undefined) {
  console.warn('SKIPPED: no container engine answers here (docker info, podman info)');
  test.skip('the contract of backends on a real container engine', () => {});
} else {
  describeBackend(`container, on ${engine}`, () => ({
    kind: 'container',
    hostEnv: { ...process.env, SPILLWAY_CONTAINER_ENGINE: engine },
    endpointOf: (command) => ({
      command: [],
      backends: ['container'],
      container: { image: IMAGE, args: command, gpus: 0, volumes: [] },
    }),
    isAlive(workerId) {
      const filter = `label=spillway.worker=${workerId}`;
      const words = ['ps', '--all', '--filter', filter, '--format', '{{.State}}'];
      const { stdout } = spawnSync(engine, words, { encoding: 'utf8' });
      return /^(running|stopping|up)/i.test(stdout);
    },
    endWatchdog: (pid) => process.kill(-pid, 'SIGKILL'),
    // Podman's init process doesn't pass the reason on.
    codeOfMissingProgram: engine === 'podman' ? 1 : 127,
    folder: 'containers',
    close: () => {},
  }));
}
