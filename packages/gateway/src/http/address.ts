import type { Route } from './route.ts';

/** What the address of a request says. */
export interface Address {
  readonly row: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly search: string;
  /** Parsed when somebody looks at it. */
  query: Readonly<Record<string, string>> | undefined;
}
