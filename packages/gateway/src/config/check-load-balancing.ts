import { loadBalancingFields } from './load-balancing-fields.ts';
import type { ConfigProblem } from './problem.ts';

/** Settings of jobs, which a load-balancing endpoint has none of. */
const JOB_KEYS = ['executionTimeout', 'ttl', 'retries', 'cancelGrace', 'hmac', 'embeddingModels'];
const OWN_KEYS = Object.keys(loadBalancingFields).filter((key) => key !== 'type');
/** Each worker gets free ports, so that many can run on one machine. */
const PORT_VARIABLES = ['PORT', 'PORT_HEALTH', 'HEALTH_CHECK_PATH'];

type Block = Readonly<Record<string, unknown>>;

/**
 * What doesn't go together because of an endpoint's `type`. Works on the file's own data, which may be wrong elsewhere,
 * since defaults can't be told from what was written later on.
 */
export function findLoadBalancingProblems(value: unknown): ConfigProblem[] {
  const endpoints = Object.entries(blockOf(blockOf(value).endpoints));
  const problems: ConfigProblem[] = [];
  const hosts = new Map<string, string>();
  for (const [name, found] of endpoints) {
    const endpoint = blockOf(found);
    const isBalanced = endpoint.type === 'LOAD_BALANCER';
    for (const [path, message, fix] of isBalanced ? balanced(endpoint) : queued(endpoint)) {
      problems.push({ path: `endpoints.${name}.${path}`, message, fix });
    }
    if (!isBalanced || typeof endpoint.host !== 'string') continue;
    const host = endpoint.host.toLowerCase();
    const other = hosts.get(host);
    hosts.set(host, name);
    if (other === undefined) continue;
    const message = `expected a host name of its own, found "${endpoint.host}", which endpoints.${other} has`;
    problems.push({ path: `endpoints.${name}.host`, message, fix: 'write another name, or remove it' });
  }
  return problems;
}

type Found = readonly [path: string, message: string, fix: string];

function queued(endpoint: Block): Found[] {
  return OWN_KEYS.filter((key) => Object.hasOwn(endpoint, key)).map((key) => [
    key,
    `expected \`${key}\` only on an endpoint of type LOAD_BALANCER`,
    'add `type: LOAD_BALANCER` when its workers serve HTTP themselves, else remove the line',
  ]);
}

function balanced(endpoint: Block): Found[] {
  const found: Found[] = JOB_KEYS.filter((key) => Object.hasOwn(endpoint, key)).map((key) => [
    key,
    `expected \`${key}\` only on an endpoint that takes jobs`,
    key === 'executionTimeout' ? 'write it as `requestTimeout`' : 'remove it',
  ]);
  if (blockOf(endpoint.scaling).type === 'QUEUE_DELAY') {
    const message =
      'expected `REQUEST_COUNT`, the only rule for an endpoint without a queue, found "QUEUE_DELAY"';
    found.push(['scaling.type', message, 'write `{ type: REQUEST_COUNT, requestCount: 1 }`']);
  }
  if (typeof endpoint.worker === 'string') {
    const message = 'expected a program that serves HTTP, found a built-in worker, which takes jobs';
    found.push(['worker', message, 'write `command: [python3, -u, server.py]`, or remove `type`']);
  }
  if (Array.isArray(endpoint.backends) && endpoint.backends.includes('pool')) {
    const message = 'expected a backend that starts workers, found `pool`, whose workers fetch jobs';
    found.push(['backends', message, 'remove `pool`']);
  }
  for (const name of PORT_VARIABLES.filter((variable) => Object.hasOwn(blockOf(endpoint.env), variable))) {
    const fix =
      name === 'HEALTH_CHECK_PATH'
        ? 'remove it and write `healthCheckPath`'
        : 'remove it and have the program listen on the port that this variable names';
    found.push([`env.${name}`, 'expected no variable that the gateway itself sets', fix]);
  }
  return found;
}

function blockOf(value: unknown): Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : {};
}
