import path from 'node:path';
import type { GatewayConfig } from '@spillway/gateway';
import type { Finding } from './finding.ts';
import { isExecutable } from './is-executable.ts';

type Endpoint = GatewayConfig['endpoints'][number];

/**
 * Whether workers can start here. A built-in one is started as a gateway would, but in this process: it reads its
 * models, compares their hashes, loads them, and is stopped. Of a `command` only the program is looked for, of an `image`
 * nothing.
 */
export async function checkEndpoints(config: GatewayConfig): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const endpoint of config.endpoints) {
    const finding = await checkEndpoint(endpoint);
    // What nobody asked for by a file of his own is not missing.
    const isOptional = finding.status === 'missing' && config.file === undefined;
    findings.push(isOptional ? { ...finding, status: 'optional' } : finding);
  }
  return findings;
}

async function checkEndpoint(endpoint: Endpoint): Promise<Finding> {
  const name = `endpoint ${endpoint.name}`;
  if (endpoint.worker !== undefined) return checkBuiltIn(endpoint.worker, endpoint);
  // Whether an engine runs is a finding of its own.
  if (endpoint.container) return { name, status: 'ok', detail: `runs the image ${endpoint.container.image}` };
  if (endpoint.command.length === 0)
    return { name, status: 'ok', detail: 'its workers connect from elsewhere' };
  return checkCommand(endpoint);
}

/** The models that ship with Spillway: a damaged installation shows here. */
export async function checkDemoModels(): Promise<Finding> {
  const name = 'demo models';
  const answer = await tryStart('detect', DEMO_ENV);
  return answer.isOk
    ? { name, status: 'ok', detail: answer.text }
    : { name, status: 'missing', detail: answer.text, remedy: 'install Spillway again (npm ci)' };
}

const DEMO_ENV = { DETECTOR_WEIGHTS: 'demo-rf-detr-nano', SAM_MODEL_PATH: 'demo-sam2.1-tiny' };

async function checkBuiltIn(worker: string, endpoint: Endpoint): Promise<Finding> {
  const name = `endpoint ${endpoint.name}`;
  const answer = await tryStart(worker, endpoint.env);
  return answer.isOk
    ? { name, status: 'ok', detail: answer.text }
    : { name, status: 'missing', detail: `its worker, built-in ${worker}, can't start`, remedy: answer.text };
}

function checkCommand({ name: endpointName, command, cwd }: Endpoint): Finding {
  const name = `endpoint ${endpointName}`;
  const [program = ''] = command;
  const places = program.includes('/')
    ? [path.resolve(cwd, program)]
    : (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, program));
  const found = places.find(isExecutable);
  if (found !== undefined) return { name, status: 'ok', detail: `starts ${found}` };
  return {
    ...{ name, status: 'missing', detail: `its program ${program} is not found` },
    remedy: 'install it, or write its whole path in `command`',
  };
}

async function tryStart(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly isOk: boolean; readonly text: string }> {
  const { WORKERS } = await import('@spillway/workers');
  const startedAt = performance.now();
  try {
    const worker = await WORKERS[name]?.start({ env, warn: () => {} });
    await worker?.stop();
    const seconds = (performance.now() - startedAt) / 1000;
    return { isOk: true, text: `built-in ${name}: its models load (${seconds.toFixed(1)} s)` };
  } catch (error) {
    return { isOk: false, text: error instanceof Error ? error.message : String(error) };
  }
}
