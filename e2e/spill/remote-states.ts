import type { Fault, FaultProxy } from '../harness/fault-proxy.ts';

/** What may befall calls of RunPod. */
export const REMOTE_STATES = {
  well: 'nothing',
  throttled: 'submits are answered 429',
  erroring: 'all calls are answered 500',
  losing: 'all calls arrive, and no answer comes back',
  slow: 'all answers take 3 s',
  gone: 'nobody listens',
} as const;
export type RemoteState = keyof typeof REMOTE_STATES;

const FAULTS: Readonly<Record<RemoteState, (path: string) => Fault | undefined>> = {
  well: () => undefined,
  throttled: (path) => (path.endsWith('/run') ? { status: 429 } : undefined),
  erroring: () => ({ status: 500 }),
  losing: () => ({ losesAnswer: true }),
  slow: () => ({ delayMs: 3_000 }),
  gone: () => undefined,
};

export async function setRemote(proxy: FaultProxy, state: RemoteState): Promise<void> {
  proxy.fault = FAULTS[state];
  if (state === 'gone') await proxy.leave();
  else await proxy.comeBack();
}
