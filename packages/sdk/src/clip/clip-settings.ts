/** Where pictures and texts are embedded: at RunPod, at a gateway or worker of one's own, or nowhere. */
export const CLIP_BACKENDS = ['runpod', 'local', 'off'] as const;
export type ClipBackend = (typeof CLIP_BACKENDS)[number];

/** A place that embeds. */
export interface ClipPlace {
  /** Base URL of a job API, which ends in `/v2`; else the address of one worker (`RUNPOD_SERVERLESS=false`). */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Id or name of the endpoint. */
  readonly endpoint: string;
  /** For one call, its repetitions included. */
  readonly timeoutMs: number;
}

export interface ClipSettings {
  readonly backend: ClipBackend;
  readonly runpod: ClipPlace | undefined;
  /** Undefined: there is none to fall back to. */
  readonly local: ClipPlace | undefined;
  /** Undefined: nothing is signed, which does for workers with `EMBEDDING_AUTH=off`. */
  readonly secret: string | undefined;
  /** 0: one picture's URL is signed as existing workers know it, and what that does not cover by version 1. */
  readonly signatureVersion: 0 | 1;
}

/** What the environment says is wrong; the message lists all of it. */
export class ClipSettingsError extends Error {
  override readonly name = 'ClipSettingsError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What a program says itself, in place of the environment. */
export interface ClipOverrides {
  readonly backend?: ClipBackend;
  readonly runpod?: Partial<ClipPlace>;
  readonly local?: Partial<ClipPlace>;
  readonly secret?: string;
  readonly signatureVersion?: 0 | 1;
}

const RUNPOD_URL = 'https://api.runpod.ai/v2';
const GATEWAY_URL = 'http://127.0.0.1:8080';
const DEFAULT_TIMEOUT_S = 60;

/** @throws ClipSettingsError */
export function readClipSettings(env: Environment, given: ClipOverrides = {}): ClipSettings {
  const problems: string[] = [];
  const of = (name: string) => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  const secondsOf = (name: string): number => {
    const text = of(name);
    const seconds = Number(text ?? DEFAULT_TIMEOUT_S);
    if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return Math.round(seconds * 1000);
    problems.push(`${name}: expected seconds from 1 to 86400, found "${text}".`);
    return DEFAULT_TIMEOUT_S * 1000;
  };
  const runpod: ClipPlace = {
    url: given.runpod?.url ?? of('RUNPOD_ENDPOINT_BASE_URL') ?? RUNPOD_URL,
    apiKey: given.runpod?.apiKey ?? of('RUNPOD_API_KEY'),
    endpoint: given.runpod?.endpoint ?? of('RUNPOD_CLIP_ENDPOINT_ID') ?? '',
    timeoutMs: given.runpod?.timeoutMs ?? secondsOf('RUNPOD_TIMEOUT_S'),
  };
  const local: ClipPlace = {
    url: given.local?.url ?? of('CLIP_LOCAL_URL') ?? `${of('SPILLWAY_URL') ?? GATEWAY_URL}/v2`,
    apiKey: given.local?.apiKey ?? of('CLIP_LOCAL_API_KEY') ?? of('SPILLWAY_API_KEY'),
    endpoint: given.local?.endpoint ?? of('CLIP_LOCAL_ENDPOINT') ?? 'clip',
    timeoutMs: given.local?.timeoutMs ?? secondsOf('CLIP_LOCAL_TIMEOUT_S'),
  };
  const hasLocal =
    given.local !== undefined ||
    ['CLIP_LOCAL_URL', 'SPILLWAY_URL', 'SPILLWAY_API_KEY'].some((name) => of(name) !== undefined);
  const isComplete = runpod.endpoint !== '' && runpod.apiKey !== undefined;
  const backend = given.backend ?? backendOf(of('CLIP_INFERENCE_BACKEND'), isComplete, problems);
  const secret = given.secret ?? of('EMBEDDING_HMAC_SECRET');
  const signatureVersion = given.signatureVersion ?? versionOf(of('CLIP_SIGNATURE_VERSION'), problems);
  if (backend === 'runpod') problems.push(...missingForRunpod(runpod, secret));
  if (backend !== 'off' && problems.length > 0) throw new ClipSettingsError(problems.join('\n'));
  return {
    backend,
    runpod: backend === 'runpod' ? runpod : undefined,
    local: backend === 'local' || (backend === 'runpod' && hasLocal) ? local : undefined,
    secret,
    signatureVersion,
  };
}

function backendOf(text: string | undefined, hasRunpod: boolean, problems: string[]): ClipBackend {
  if (text === undefined) return hasRunpod ? 'runpod' : 'local';
  const known = CLIP_BACKENDS.find((one) => one === text.toLowerCase());
  if (known) return known;
  problems.push(`CLIP_INFERENCE_BACKEND: expected runpod, local or off, found "${text}".`);
  return 'local';
}

function versionOf(text: string | undefined, problems: string[]): 0 | 1 {
  if (text === undefined || text === '0') return 0;
  if (text === '1') return 1;
  problems.push(`CLIP_SIGNATURE_VERSION: expected 0 or 1, found "${text}".`);
  return 0;
}

function missingForRunpod({ apiKey, endpoint }: ClipPlace, secret: string | undefined): readonly string[] {
  const why = 'CLIP_INFERENCE_BACKEND=runpod needs it';
  return [
    ...(apiKey === undefined ? [`RUNPOD_API_KEY is not set: ${why}.`] : []),
    ...(endpoint === '' ? [`RUNPOD_CLIP_ENDPOINT_ID is not set: ${why}.`] : []),
    ...(secret === undefined
      ? ['EMBEDDING_HMAC_SECRET is not set: the worker believes signatures alone. Set it to its secret.']
      : []),
  ];
}
