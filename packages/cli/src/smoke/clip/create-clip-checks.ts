import { randomBytes } from 'node:crypto';
import type { Check } from '../check.ts';
import type { SmokeTarget } from '../target.ts';
import { createEmbeddingChecks } from './clip-checks.ts';
import { createRefusalChecks } from './clip-refusals.ts';
import { createClipSession } from './clip-session.ts';
import { createHttpChecks } from './http-checks.ts';

export interface ClipSubject {
  readonly target: SmokeTarget;
  /** The endpoint's environment in ./spillway.yaml, where that is the gateway's. */
  readonly endpointEnv: Readonly<Record<string, string>> | undefined;
  /** What a pod says of itself, once it was asked. */
  readonly podSettings: () => Readonly<Record<string, unknown>> | undefined;
}

export interface ClipOptions {
  readonly imageUrl: string | undefined;
  readonly isUnsigned: boolean;
}

/** The checks of a clip worker, in the order in which they run; later ones look at answers of earlier ones. */
export function createClipChecks(subject: ClipSubject, { imageUrl, isUnsigned }: ClipOptions): Check[] {
  const { target, endpointEnv, podSettings } = subject;
  const now = () => Date.now();
  const session = createClipSession(target, { imageUrl, newId: () => randomBytes(4).toString('hex') });
  const sources = {
    env: process.env,
    endpointEnv,
    isUnsigned,
    podAuth: () => podSettings()?.auth,
    now,
  };
  return [
    ...createEmbeddingChecks(session, sources),
    ...createRefusalChecks(session, now),
    ...createHttpChecks(session),
  ];
}
