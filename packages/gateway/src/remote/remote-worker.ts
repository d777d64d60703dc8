/** Holders of leases whose hands are elsewhere: `runpod:<endpoint there>:<id>`. No id of another worker has a colon. */
const PREFIX = 'runpod:';

export function remoteWorkerId(remoteEndpoint: string, id: string): string {
  return `${PREFIX}${remoteEndpoint}:${id}`;
}

export function isRemoteWorker(workerId: string): boolean {
  return workerId.startsWith(PREFIX);
}

/** The endpoint there that such a worker stands for. */
export function remoteEndpointOf(workerId: string): string {
  return workerId.slice(PREFIX.length, workerId.lastIndexOf(':'));
}
