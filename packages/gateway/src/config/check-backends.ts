import type { BackendKind } from '../endpoints/endpoint.ts';
import { isRunpod } from './backends-field.ts';
import { IMAGE_ONLY_KEYS } from './container-fields.ts';
import type { Block, Finding } from './cross-check.ts';

/** Keys of which each says what a worker is; an endpoint has one of them at most. */
const KINDS_OF_WORKER = ['worker', 'command', 'image'] as const;

/** Where workers run when the file doesn't say. */
export function defaultBackends(image: unknown): BackendKind[] {
  return [image === undefined ? 'process' : 'container'];
}

/** Whether what a worker is and where it runs go together. */
export function findBackendProblems(endpoint: Block): Finding[] {
  const given = KINDS_OF_WORKER.filter((key) => endpoint[key] !== undefined);
  const backends: readonly unknown[] = Array.isArray(endpoint.backends)
    ? endpoint.backends
    : defaultBackends(endpoint.image);
  const startsNone = backends.length > 0 && backends.every((one) => one === 'pool' || isRunpod(one));
  return [
    ...findKindProblems(given, startsNone),
    ...findSpillProblems(endpoint, backends),
    ...(given.length === 1 ? findMismatch(given[0] ?? '', backends) : []),
    ...findImageKeysWithoutImage(endpoint),
    ...findTwoWordsOnCards(endpoint),
    ...(startsNone ? findStartsOfNone(endpoint.workers) : []),
  ];
}

function findKindProblems(given: readonly string[], startsNone: boolean): Finding[] {
  if (given.length === 1 || (given.length === 0 && startsNone)) return [];
  const found = given.length === 0 ? 'none' : given.map((key) => `\`${key}\``).join(' and ');
  const fix =
    given.length === 0
      ? 'add `worker: detect`, `command: [python3, -u, handler.py]` or `image: …`; where workers connect by themselves, `backends: [pool]`'
      : 'keep one of them';
  return [{ path: [], message: `expected \`worker\`, \`command\` or \`image\`, found ${found}`, fix }];
}

function findSpillProblems({ spill, urlFields, type }: Block, backends: readonly unknown[]): Finding[] {
  const isLoadBalanced = type === 'LOAD_BALANCER';
  if (isLoadBalanced && urlFields !== undefined) {
    const message = 'expected no `urlFields` for a load-balancing endpoint, which has no jobs';
    return [{ path: ['urlFields'], message, fix: 'remove it' }];
  }
  if (!backends.some(isRunpod)) {
    if (spill === undefined) return [];
    const message = 'expected `spill` only beside `runpod` among the `backends`, found it without';
    const fix = 'add `{ runpod: { endpointId: …, apiKey: … } }`, or remove it';
    return [{ path: ['spill'], message, fix }];
  }
  if (!isLoadBalanced) return [];
  const message = 'expected no `runpod` for a load-balancing endpoint, which has no jobs to hand on';
  return [{ path: ['backends'], message, fix: 'remove it' }];
}

function findMismatch(key: string, backends: readonly unknown[]): Finding[] {
  const [fitting, other] = key === 'image' ? ['container', 'process'] : ['process', 'container'];
  if (!backends.includes(other)) return [];
  return [
    {
      path: ['backends'],
      message: `expected \`${fitting}\`, which runs a \`${key}\`, found \`${other}\``,
      fix: `write \`[${backends.map((one) => (one === other ? fitting : isRunpod(one) ? '{ runpod: … }' : one)).join(', ')}]\``,
    },
  ];
}

function findImageKeysWithoutImage(endpoint: Block): Finding[] {
  if (endpoint.image !== undefined) return [];
  return IMAGE_ONLY_KEYS.filter((key) => endpoint[key] !== undefined).map((key) => ({
    path: [key],
    message: `expected \`${key}\` only beside an \`image\`, found it without one`,
    fix:
      key === 'args'
        ? 'remove it and write the arguments into `command`'
        : 'remove it: a process sees the whole machine',
  }));
}

function findTwoWordsOnCards({ gpu, gpus, image }: Block): Finding[] {
  if (gpu === undefined || gpus === undefined || image === undefined) return [];
  const message = 'expected `gpu` or `gpus`, found both';
  const fix =
    'keep `gpu: { memory: 6g }` to have the gateway choose the card by its free memory, or `gpus` for the first ones';
  return [{ path: ['gpus'], message, fix }];
}

function findStartsOfNone(workers: unknown): Finding[] {
  const min = (workers as Block | undefined)?.min;
  if (typeof min !== 'number' || min === 0) return [];
  const message = `expected 0, since no backend of it starts workers, found ${min}`;
  return [{ path: ['workers', 'min'], message, fix: 'remove it, or add `process` or `container`' }];
}
