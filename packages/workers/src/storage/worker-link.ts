import { API_PREFIX, WORKER_ENV } from '@spillway/protocol';
import type { Environment } from '../environment.ts';

/** The server that a worker takes its jobs from, read from RunPod's variables. */
export interface WorkerLink {
  /** `runpod`: the service itself; `gateway`: a Spillway gateway. */
  readonly kind: 'gateway' | 'runpod';
  /** Without a path. */
  readonly origin: string;
  readonly endpoint: string;
  readonly workerId: string;
  /** Of the worker; on RunPod good for nothing but taking jobs. */
  readonly key: string;
}

const RUNPOD_HOST = /(^|\.)runpod\.(ai|io|net)$/;

/** Undefined where the worker has no server, as in a local run. */
export function readWorkerLink(env: Environment): WorkerLink | undefined {
  const [getJob, key = '', workerId] = [
    env[WORKER_ENV.getJob],
    env[WORKER_ENV.key],
    env[WORKER_ENV.workerId],
  ];
  if (!getJob || !workerId || !URL.canParse(getJob)) return undefined;
  const { origin, hostname, pathname } = new URL(getJob);
  const [, prefix, endpoint = ''] = pathname.split('/');
  if (`/${prefix}` !== API_PREFIX || endpoint === '') return undefined;
  const kind = RUNPOD_HOST.test(hostname) ? 'runpod' : 'gateway';
  return { kind, origin, endpoint: decodeURIComponent(endpoint), workerId, key };
}
