import type { RunpodEndpoint, RunpodVolume } from '@spillway/sdk/runpod';
import { isMap, parse, parseDocument, stringify } from 'yaml';
import type { PricedCards } from './priced-pool.ts';
import { isSecretValue, referredSecret } from './settings.ts';

/**
 * An endpoint that exists at RunPod as an entry of `spillway.yaml`, such that a deployment of it would change nothing.
 * Values that look like secrets don't get into the file: it refers to variables instead.
 */
export interface ImportedEntry {
  readonly entry: Readonly<Record<string, unknown>>;
  /** Variables that have to be set wherever the file is read. */
  readonly variables: readonly string[];
}

const KEY_NAME = 'RUNPOD_API_KEY';

export function toEntry(endpoint: RunpodEndpoint, cards: PricedCards = {}): ImportedEntry {
  const { id, type, scaling } = endpoint;
  const env = Object.entries(endpoint.env ?? {});
  const secrets = env.flatMap(([name, value]) => {
    const secret = referredSecret(value);
    return secret === undefined ? [] : [[name, secret] as const];
  });
  const variables = env.filter(([name, value]) => isSecretValue(name, value)).map(([name]) => name);
  const literal = env
    .filter(([name]) => !secrets.some(([secret]) => secret === name))
    .map(([name, value]) => [
      name,
      variables.includes(name) ? `\${${name}}` : value.replaceAll('${', () => '$${'),
    ]);
  const isQueue = type !== 'LOAD_BALANCER';
  const entry = {
    ...(isQueue
      ? { backends: [{ runpod: { endpointId: id, apiKey: `\${${KEY_NAME}}`, ...cards } }] }
      : { type: 'LOAD_BALANCER', image: endpoint.image }),
    scaling: scalingOf(scaling),
    [isQueue ? 'executionTimeout' : 'requestTimeout']: secondsText(endpoint.timeout),
    deploy: {
      ...deployOf(endpoint),
      ...(literal.length > 0 ? { env: Object.fromEntries(literal) } : {}),
      ...(secrets.length > 0 ? { secrets: Object.fromEntries(secrets) } : {}),
    },
  };
  return { entry, variables: isQueue ? [KEY_NAME, ...variables] : variables };
}

function deployOf(endpoint: RunpodEndpoint) {
  const { gpu, cpu, workers, args, disk, dataCenterIds, networkVolumes, registry, ports = [] } = endpoint;
  const { min, max, idleTimeout } = workers;
  return {
    name: endpoint.name,
    image: endpoint.image,
    ...(args ? { args } : {}),
    ...(gpu ? { gpu: gpuOf(gpu) } : {}),
    ...(!gpu && cpu ? { cpu: cpu.map(({ id: flavor, vcpuCount: vcpus }) => ({ flavor, vcpus })) } : {}),
    workers: { min, max, ...(idleTimeout === undefined ? {} : { idleTimeout: `${idleTimeout}s` }) },
    flashboot: { OFF: false, FLASHBOOT: true, PRIORITY_FLASHBOOT: 'priority' }[endpoint.flashboot],
    ...(disk === undefined ? {} : { disk: `${disk}g` }),
    ...(dataCenterIds.length > 0 ? { dataCenters: dataCenterIds } : {}),
    ...(networkVolumes.length > 0 ? { volumes: networkVolumes } : {}),
    ...(registry ? { registry } : {}),
    // Said even where there are none: without a word, workers that serve HTTP get a port.
    ...(ports.length > 0 || endpoint.type === 'LOAD_BALANCER' ? { ports } : {}),
  };
}

function gpuOf({ pools, excludedTypes = [], count = 1, minCudaVersion }: NonNullable<RunpodEndpoint['gpu']>) {
  return {
    pools,
    ...(count === 1 ? {} : { count }),
    ...(excludedTypes.length > 0 ? { exclude: excludedTypes } : {}),
    ...(minCudaVersion ? { minCuda: minCudaVersion } : {}),
  };
}

function scalingOf(scaling: RunpodEndpoint['scaling']) {
  return scaling.type === 'QUEUE_DELAY'
    ? { type: scaling.type, queueDelay: secondsText(scaling.queueDelay * 1000) }
    : scaling;
}

const secondsText = (ms: number) => (ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`);

/** RunPod's name as one that an endpoint here may have. */
export function entryName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/^spillway-/, '')
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain.slice(0, 63) || 'imported';
}

export function entryText(name: string, entry: ImportedEntry['entry'], indent = ''): string {
  const text = stringify({ [name]: entry }, { lineWidth: 0, defaultStringType: 'PLAIN' });
  return text.replaceAll(/^(?=.)/gm, indent);
}

/** The text with this entry at the end of its `endpoints`; undefined where it has one of this name. */
export function withEntry(text: string, name: string, entry: ImportedEntry['entry']): string | undefined {
  const document = parseDocument(text);
  if (document.hasIn(['endpoints', name])) return undefined;
  const block: unknown = document.get('endpoints', true);
  const spliced = spliceEntry(text, block, name, entry);
  if (spliced !== undefined && isSame(spliced, name, entry)) return spliced;
  document.setIn(['endpoints', name], document.createNode(entry));
  return document.toString({ lineWidth: 0 });
}

/** At the end of the block, with the indentation of its first key, so that the rest of the file stays as it is. */
function spliceEntry(
  text: string,
  block: unknown,
  name: string,
  entry: ImportedEntry['entry'],
): string | undefined {
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  if (block === undefined) return `${text}${gap}endpoints:\n${entryText(name, entry, '  ')}`;
  if (!isMap(block) || block.flow || !block.range) return undefined;
  const key = block.items[0]?.key as { readonly range?: readonly [number, number, number] } | undefined;
  if (!key?.range) return undefined;
  const indent = /[ \t]*$/.exec(text.slice(0, key.range[0]))?.[0] ?? '';
  const end = text.slice(0, block.range[1]).trimEnd().length;
  const newline = text.indexOf('\n', end);
  const at = newline < 0 ? text.length : newline + 1;
  const before = text.slice(0, at);
  return `${before}${before.endsWith('\n') ? '' : '\n'}${entryText(name, entry, indent)}${text.slice(at)}`;
}

function isSame(text: string, name: string, entry: ImportedEntry['entry']): boolean {
  try {
    const { endpoints } = parse(text) as { readonly endpoints: Record<string, unknown> };
    return JSON.stringify(endpoints[name]) === JSON.stringify(entry);
  } catch {
    return false;
  }
}

/** Volumes are named by their ids; a person wants to know what they are. */
export function volumeNotes(ids: readonly string[], volumes: readonly RunpodVolume[]): readonly string[] {
  return ids.flatMap((id) => {
    const found = volumes.find((volume) => volume.id === id);
    return found ? [`volume ${id} is ${found.name}, ${found.size} GB in ${found.dataCenter}`] : [];
  });
}
