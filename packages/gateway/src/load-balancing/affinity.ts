/** Names a worker: on every answer the one that gave it, on a request the one that it should go to. */
export const WORKER_ID_HEADER = 'x-runpod-worker-id';

/** Which worker a request wants: any, one if it has room (else any), or one and no other. */
export type Affinity =
  | { readonly wish: 'any' }
  | { readonly wish: 'prefer' | 'only'; readonly workerId: string };

/**
 * RunPod's three forms: `<id>`, `strict <id>`, `strict-resume <id>`. The last one resumes a stopped pod there; here
 * a worker that was stopped is gone for good, so it is as strict as the second.
 */
export function parseAffinity(header: string | undefined): Affinity {
  const text = header?.trim() ?? '';
  if (text === '') return { wish: 'any' };
  const strict = /^strict(?:-resume)?\s+(\S+)$/i.exec(text)?.[1];
  return strict === undefined ? { wish: 'prefer', workerId: text } : { wish: 'only', workerId: strict };
}
