// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from './fake-runpod-account.ts';
import { openRunpodBench, type RunpodBench } from './runpod-bench.ts';
import { type CliRun, runCli } from './start-cli.ts';

let bench: RunpodBench;

beforeEach(async () => {
  bench = await openRunpodBench('deploy');
});

afterEach(async () => {
  await bench.close();
});

const FILE = `# Our endpoints.
endpoints:
  clip: # pictures to vectors
    worker: clip
    env:
      EMBEDDING_HMAC_SECRET: "\${HMAC}"
      LOG: info
    # What runs at RunPod.
    deploy:
      image: acme/clip:1
      gpu: { pools: [AMPERE_24, ADA_24] }
      workers: { max: 2 }
      secrets: { EMBEDDING_HMAC_SECRET: clip_hmac }
`;

function write(text: string): void {
  writeFileSync(path.join(bench.folder, 'spillway.yaml'), text);
}
const read = () => readFileSync(path.join(bench.folder, 'spillway.yaml'), 'utf8');

function spillway(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  return runCli(args, {
    cwd: bench.folder,
    env: { HMAC: 'plain-secret', ...bench.keyed(), ...env },
  });
}

const changing = () =>
  bench.runpod.calls
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path: at }) => `${method} ${at}`);
const only = () => [...bench.runpod.account.endpoints.values()][0];

describe('spillway deploy', () => {
  test('a dry run shows everything that would come, and changes nothing', async () => {
    write(FILE);
    const run = await spillway(['deploy', '--dry-run']);
    expect(run.stderr).toBe('dry run: nothing was changed\n');
    expect(run.stdout.split('\n')).toEqual([
      'clip → spillway-clip at RunPod (no endpoint yet)',
      '  + endpoint spillway-clip',
      '      + type                       QUEUE',
      '      + image                      acme/clip:1',
      '      + env.EMBEDDING_HMAC_SECRET  {{ RUNPOD_SECRET_clip_hmac }}',
      '      + env.LOG                    info',
      '      + env.WORKER                 clip',
      '      + scaling                    {"type":"QUEUE_DELAY","queueDelay":4}',
      '      + gpu.pools                  AMPERE_24, ADA_24',
      '      + gpu.count                  1',
      '      + workers.min                0',
      '      + workers.max                2',
      '      + workers.idleTimeout        5 s',
      '      + timeout                    600000 ms',
      '      + flashboot                  FLASHBOOT',
      "  costs at most $2.20 an hour with all 2 workers, nothing while none runs (RunPod's list prices now)",
      '',
    ]);
    expect(run.code).toBe(0);
    expect(changing()).toEqual([]);
    expect(existsSync(path.join(bench.folder, '.spillway'))).toBe(false);
  });

  test('it makes the endpoint; a second run does nothing; no secret of this machine is sent', async () => {
    write(FILE);
    const first = await spillway(['deploy', 'clip']);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain('clip: endpoint made');
    expect(first.stderr).toContain('spillway deploy clip --write');
    expect(only()).toMatchObject({
      ...{ name: 'spillway-clip', image: 'acme/clip:1', flashboot: 'FLASHBOOT', timeout: 600_000 },
      env: { WORKER: 'clip', LOG: 'info', EMBEDDING_HMAC_SECRET: '{{ RUNPOD_SECRET_clip_hmac }}' },
    });
    expect(JSON.stringify(bench.runpod.calls)).not.toContain('plain-secret');
    const second = await spillway(['deploy', 'clip']);
    expect(second.stdout).toContain('nothing to do');
    expect(changing()).toEqual(['POST /v2/serverless']);
  });

  test('it works from another machine, which finds the endpoint by its name', async () => {
    write(FILE);
    await spillway(['deploy']);
    rmSync(path.join(bench.folder, '.spillway'), { recursive: true });
    expect((await spillway(['deploy'])).stdout).toContain('nothing to do');
    expect(bench.runpod.account.endpoints.size).toBe(1);
  });

  test('what changed in the file and what changed at RunPod are shown, told apart, and mended', async () => {
    write(FILE);
    await spillway(['deploy']);
    const endpoint = only();
    Object.assign(endpoint?.workers as object, { max: 9 });
    Object.assign(endpoint?.env as object, { API_TOKEN: 'set-by-hand' });
    write(FILE.replace('acme/clip:1', 'acme/clip:2'));
    const run = await spillway(['deploy', 'clip']);
    expect(run.stdout).toContain('      ~ image          acme/clip:1 → acme/clip:2\n');
    expect(run.stdout).toContain('      ~ workers.max    9 → 2   (was changed at RunPod)\n');
    expect(run.stdout).toContain('      - env.API_TOKEN  (hidden) → none   (was changed at RunPod)\n');
    expect(run.stdout).not.toContain('set-by-hand');
    expect(only()).toMatchObject({ image: 'acme/clip:2', workers: { max: 2 } });
    expect(only()?.env).not.toHaveProperty('API_TOKEN');
  });

  test('--json tells the same to programs, and nothing that is secret', async () => {
    write(`${FILE}      env: { DB_PASSWORD: "\${HMAC}" }\n`);
    const run = await spillway(['deploy', '--dry-run', '--json']);
    const { endpoints } = JSON.parse(run.stdout) as {
      endpoints: { steps: { changes: { field: string }[] }[] }[];
    };
    expect(endpoints[0]).toMatchObject({
      endpoint: 'clip',
      name: 'spillway-clip',
      id: null,
      isApplied: false,
    });
    expect(endpoints[0]?.steps[0]?.changes).toContainEqual({ field: 'env.DB_PASSWORD', to: '(hidden)' });
    expect(run.stdout).not.toContain('plain-secret');
  });

  test('--write puts the id into `backends` and leaves all else of the file as it is', async () => {
    write(FILE);
    const run = await spillway(['deploy', '--write']);
    // The dearer of its two pools: a budget holds whichever a job gets.
    const line =
      '    backends: [process, { runpod: { endpointId: ep0001, apiKey: "${RUNPOD_API_KEY}", gpuPool: ADA_24 } }]\n';
    expect(read()).toBe(FILE.replace('    worker: clip\n', `    worker: clip\n${line}`));
    expect(run.stderr).toContain('endpoint ep0001 is in its `backends` now');
    expect((await spillway(['deploy', '--write'])).stdout).toContain('nothing to do');
    expect(read()).toContain(line);
  });

  test('the dearest pool is that of RunPod’s catalogue, above which only the file’s own price stands', async () => {
    bench.runpod.account.poolPrices.set('AMPERE_24', 1.2);
    write(FILE);
    await spillway(['deploy', '--write']);
    expect(read()).toContain('gpuPool: AMPERE_24 } }]');
    write(`prices: { runpod: { ADA_24: 1.3 } }\n${FILE}`);
    expect((await spillway(['import', 'ep0001', '--as', 'other'])).stdout).toContain('gpuPool: ADA_24');
  });

  test('a variable filled in from this machine needs a word on whether it may leave it', async () => {
    write(FILE.replace('      secrets: { EMBEDDING_HMAC_SECRET: clip_hmac }\n', ''));
    const run = await spillway(['deploy', '--dry-run']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('endpoints.clip.env.EMBEDDING_HMAC_SECRET');
    expect(run.stderr).toContain('deploy.secrets: { EMBEDDING_HMAC_SECRET:');
  });

  test('volumes are made before the endpoint that mounts them, and a pool that does not exist is told', async () => {
    const volume = '      volumes: [{ name: models, size: 50g, dataCenter: EU-RO-1 }]\n';
    write(`${FILE}${volume}`);
    await spillway(['deploy']);
    expect(changing()).toEqual(['POST /v2/network-volumes', 'POST /v2/serverless']);
    expect(only()?.networkVolumes).toEqual([...bench.runpod.account.volumes.keys()]);
    write(`${FILE.replace('ADA_24', 'ADA_42')}${volume}`);
    const run = await spillway(['deploy']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('RunPod has no pool ADA_42; it has ADA_24');
  });

  test.each([
    [402, 'insufficient balance', 'add credit'],
    [401, 'invalid api key', 'set RUNPOD_API_KEY'],
  ])('a refusal %i of the service is a sentence, and a later run goes on', async (status, detail, advice) => {
    write(FILE);
    bench.runpod.fault = ({ method }) => (method === 'POST' ? problem(status, 'No', detail) : undefined);
    const run = await spillway(['deploy']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`RunPod answered ${status} (${detail}); `);
    expect(run.stderr).toContain(advice);
    bench.runpod.fault = undefined;
    expect((await spillway(['deploy'])).code).toBe(0);
    expect(bench.runpod.account.endpoints.size).toBe(1);
  });

  test('an endpoint that spills over to another service is not mistaken for one at RunPod', async () => {
    const other = '{ runpod: { endpointId: clip, apiKey: k, baseUrl: "http://gpu.lan:8080/v2" } }';
    write(FILE.replace('    worker: clip\n', `    worker: clip\n    backends: [process, ${other}]\n`));
    const run = await spillway(['deploy', '--write'], { RUNPOD_API_BASE_URL: '' });
    expect(run).toMatchObject({ code: 2 });
    expect(run.stderr).toContain('its jobs spill over to gpu.lan:8080, which is not RunPod');
  });

  test('without a key it says so before it asks anybody', async () => {
    write(FILE);
    const run = await spillway(['deploy'], { RUNPOD_API_KEY: '' });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('RUNPOD_API_KEY is not set');
    expect(bench.runpod.calls).toEqual([]);
  });
});

describe('spillway rollback and undeploy', () => {
  test('a rollback brings back what there was before, one deployment after the other', async () => {
    write(FILE);
    await spillway(['deploy']);
    write(FILE.replace('acme/clip:1', 'acme/clip:2').replace('max: 2', 'max: 4'));
    await spillway(['deploy']);
    const look = await spillway(['rollback', 'clip', '--dry-run']);
    expect(look.stdout).toContain('acme/clip:2 → acme/clip:1');
    expect(only()).toMatchObject({ image: 'acme/clip:2' });
    await spillway(['rollback', 'clip']);
    expect(only()).toMatchObject({ image: 'acme/clip:1', workers: { max: 2 } });
    const asked = await spillway(['rollback', 'clip']);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('add --yes to delete it') });
    expect(bench.runpod.account.endpoints.size).toBe(1);
    await spillway(['rollback', 'clip', '--yes']);
    expect(bench.runpod.account.endpoints.size).toBe(0);
    const run = await spillway(['rollback', 'clip']);
    expect(run).toMatchObject({ code: 1 });
    expect(run.stderr).toContain('nothing of clip is left to undo in the data directory');
  });

  test('a rollback that deletes what the file names says so', async () => {
    write(FILE);
    await spillway(['deploy', '--write']);
    const run = await spillway(['rollback', 'clip', '--yes']);
    expect(run.stderr).toContain('its `backends` in the file still name it');
  });

  test('nothing is deleted without --yes; then a rollback makes it again, and one further back still works', async () => {
    write(FILE);
    await spillway(['deploy']);
    write(FILE.replace('acme/clip:1', 'acme/clip:2'));
    await spillway(['deploy']);
    expect(await spillway(['undeploy', 'clip'])).toMatchObject({ code: 2 });
    expect(bench.runpod.account.endpoints.size).toBe(1);
    expect(await spillway(['undeploy', 'clip', '--yes'])).toMatchObject({ code: 0 });
    expect(bench.runpod.account.endpoints.size).toBe(0);
    await spillway(['rollback', 'clip']);
    expect(only()).toMatchObject({ name: 'spillway-clip', image: 'acme/clip:2' });
    await spillway(['rollback', 'clip']);
    expect(only()).toMatchObject({ image: 'acme/clip:1' });
  });

  test('volumes stay, and are told, unless they are named', async () => {
    write(`${FILE}      volumes: [{ name: models, size: 50g, dataCenter: EU-RO-1 }]\n`);
    await spillway(['deploy']);
    const run = await spillway(['undeploy', 'clip', '--yes']);
    expect(run.stderr).toContain('kept, and paid for: volume models');
    expect(bench.runpod.account.volumes.size).toBe(1);
    await spillway(['undeploy', 'clip', '--yes', '--volumes']);
    expect(bench.runpod.account.volumes.size).toBe(0);
  });

  test('what endpoints were before is for their owner alone', async () => {
    write(FILE);
    await spillway(['deploy']);
    const file = path.join(bench.folder, '.spillway/deployments/clip.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, '{"version":1,');
    const run = await spillway(['deploy']);
    expect(run).toMatchObject({ code: 1 });
    expect(run.stderr).toContain("can't be read as a record of deployments");
  });
});

describe('spillway import', () => {
  test('an endpoint that exists becomes an entry, of which a deployment changes nothing', async () => {
    write(FILE);
    await spillway(['deploy']);
    Object.assign(only()?.env as object, { HF_TOKEN: 'hf_plain' });
    write('# Mine.\nlisten: 127.0.0.1:9000\n');
    const run = await spillway(['import', 'ep0001', '--write', '--as', 'vectors']);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('HF_TOKEN');
    expect(read()).toContain('# Mine.\nlisten: 127.0.0.1:9000\nendpoints:\n  vectors:\n');
    expect(read()).not.toContain('hf_plain');
    const plan = await spillway(['deploy', 'vectors', '--dry-run'], { HF_TOKEN: 'hf_plain' });
    expect(plan.stdout).toContain('nothing to do');
    expect((await spillway(['import', 'ep0001', '--write', '--as', 'vectors'])).stderr).toContain(
      'choose another name',
    );
  });

  test('an id that RunPod does not have is a sentence', async () => {
    const run = await spillway(['import', 'nosuch']);
    expect(run.code).toBe(1);
    expect(run.stderr).toBe(
      'spillway: RunPod has no endpoint nosuch in the account of this key (RUNPOD_API_KEY)\n',
    );
  });
});

describe('spillway deploy --build', () => {
  test('a Dockerfile is written once, and the commands from it to the deployment are shown', async () => {
    write('endpoints:\n  greet:\n    command: [python3, -u, handler.py]\n');
    writeFileSync(path.join(bench.folder, 'requirements.txt'), 'runpod\n');
    const run = await spillway(['deploy', 'greet', '--build']);
    expect(run.stdout).toContain(
      'docker build --platform linux/amd64 -f Dockerfile.greet -t REGISTRY/greet:1 .',
    );
    const file = path.join(bench.folder, 'Dockerfile.greet');
    expect(readFileSync(file, 'utf8')).toContain('CMD ["python3","-u","handler.py"]');
    const ignored = readFileSync(`${file}.dockerignore`, 'utf8').split('\n');
    for (const one of ['.spillway', 'spillway.yaml', '.env', '.git']) expect(ignored).toContain(one);
    writeFileSync(file, '# mine');
    expect((await spillway(['deploy', 'greet', '--build'])).stderr).toContain('stays as it is');
    expect(readFileSync(file, 'utf8')).toBe('# mine');
    expect(bench.runpod.calls).toEqual([]);
  });
});
