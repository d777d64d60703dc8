import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import type { EndpointOverrides } from './endpoint-overrides.ts';

/** What is kept of one endpoint beside the file. */
export interface EndpointState {
  readonly overrides: EndpointOverrides;
  readonly isPaused: boolean;
}

/** Where live changes of endpoints survive a restart. A row stays when the file drops its endpoint: it may come back. */
export interface EndpointStore {
  load(): ReadonlyMap<string, EndpointState>;
  save(endpoint: string, state: EndpointState): void;
}

export function createEndpointStore(db: DatabaseSync, clock: Clock): EndpointStore {
  const all = db.prepare('SELECT * FROM endpoint_overrides');
  const put = db.prepare(
    `INSERT INTO endpoint_overrides (endpoint, settings, is_paused, changed_at) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (endpoint) DO UPDATE SET settings = ?2, is_paused = ?3, changed_at = ?4`,
  );
  const drop = db.prepare('DELETE FROM endpoint_overrides WHERE endpoint = ?');
  return {
    load: () => new Map(all.all().map((row) => [String(row.endpoint), stateOf(row)])),
    save(endpoint, { overrides, isPaused }) {
      if (!isPaused && Object.keys(overrides).length === 0) drop.run(endpoint);
      else put.run(endpoint, JSON.stringify(overrides), isPaused ? 1 : 0, clock.now());
    },
  };
}

function stateOf(row: Record<string, unknown>): EndpointState {
  return {
    overrides: JSON.parse(String(row.settings)) as EndpointOverrides,
    isPaused: row.is_paused === 1,
  };
}
