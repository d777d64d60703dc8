import type { EndpointChange } from '@spillway/protocol/v1';
import type { Endpoint } from './endpoint.ts';
import { applyOverrides, type EndpointOverrides, mergeChange } from './endpoint-overrides.ts';
import type { EndpointState, EndpointStore } from './endpoint-store.ts';

/**
 * All endpoints of this gateway as they work now: the file's values with what was changed live above them. Whoever needs
 * an endpoint asks here each time, so that a change acts at once; it is on disk before it acts.
 */
export interface EndpointDirectory extends Iterable<Endpoint> {
  get(name: string): Endpoint | undefined;
  has(name: string): boolean;
  names(): readonly string[];
  /** As the file says. */
  base(name: string): Endpoint | undefined;
  overrides(name: string): EndpointOverrides;
  isPaused(name: string): boolean;
  /** Changes settings; those of jobs act on jobs submitted from now on. */
  change(name: string, change: EndpointChange): void;
  /** Takes every setting back to the file's. A pause stays. */
  reset(name: string): void;
  pause(name: string): void;
  resume(name: string): void;
  /** Calls `listener` after every change, until the returned function is called. */
  watch(listener: (event: EndpointEvent) => void): () => void;
}

export interface EndpointEvent {
  readonly endpoint: string;
  readonly type: 'changed' | 'reset' | 'paused' | 'resumed';
}

const UNCHANGED: EndpointState = { overrides: {}, isPaused: false };

export function createEndpointDirectory(base: readonly Endpoint[], store: EndpointStore): EndpointDirectory {
  const bases = new Map(base.map((endpoint) => [endpoint.name, endpoint]));
  const states = new Map(store.load());
  const current = new Map(base.map((endpoint) => [endpoint.name, effective(endpoint)]));
  const listeners = new Set<(event: EndpointEvent) => void>();

  function stateOf(name: string): EndpointState {
    return states.get(name) ?? UNCHANGED;
  }

  function effective(endpoint: Endpoint): Endpoint {
    return applyOverrides(endpoint, stateOf(endpoint.name).overrides);
  }

  function put(name: string, state: Partial<EndpointState>, type: EndpointEvent['type']): void {
    const endpoint = bases.get(name);
    if (!endpoint) throw new Error(`no endpoint ${name}`);
    const next = { ...stateOf(name), ...state };
    store.save(name, next);
    states.set(name, next);
    current.set(name, effective(endpoint));
    for (const listener of listeners) listener({ endpoint: name, type });
  }

  return {
    get: (name) => current.get(name),
    has: (name) => current.has(name),
    names: () => [...current.keys()],
    [Symbol.iterator]: () => current.values(),
    base: (name) => bases.get(name),
    overrides: (name) => stateOf(name).overrides,
    isPaused: (name) => stateOf(name).isPaused,
    change: (name, change) =>
      put(name, { overrides: mergeChange(stateOf(name).overrides, change) }, 'changed'),
    reset: (name) => put(name, { overrides: {} }, 'reset'),
    pause: (name) => put(name, { isPaused: true }, 'paused'),
    resume: (name) => put(name, { isPaused: false }, 'resumed'),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
