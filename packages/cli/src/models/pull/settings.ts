import path from 'node:path';
import { modelsCacheOf } from '@spillway/protocol';
import { wrongUse } from '../../cli-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of pulling. Secrets stay in here and in the requests that they are for. */
export interface PullSettings {
  /** The hub's base URL, without a slash at its end. */
  readonly hubUrl: string;
  readonly hubToken?: string | undefined;
  /** Never opens a socket. */
  readonly isOffline: boolean;
  /** Hosts and networks that redirects may lead to besides the public internet. */
  readonly allowPrivateUrls: readonly string[];
  /** What S3 is called with. */
  readonly s3: S3Settings;
}

export interface S3Settings {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
}

const DEFAULT_HUB = 'https://huggingface.co';

/** @throws CliError (wrong use) naming a variable that is wrong. */
export function readPullSettings(env: Environment): PullSettings {
  const hubUrl = (given(env.HF_ENDPOINT) ?? DEFAULT_HUB).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(hubUrl) || !URL.canParse(hubUrl)) {
    throw wrongUse(`HF_ENDPOINT: expected the hub's URL, such as ${DEFAULT_HUB}, got "${hubUrl}".`);
  }
  return {
    hubUrl,
    hubToken: given(env.HF_TOKEN) ?? given(env.HUGGING_FACE_HUB_TOKEN),
    isOffline: isOn(env.SPILLWAY_OFFLINE) || isOn(env.HF_HUB_OFFLINE),
    allowPrivateUrls: (env.SPILLWAY_ALLOW_PRIVATE_URLS ?? '').split(/[\s,]+/).filter((entry) => entry !== ''),
    s3: readS3Settings(env),
  };
}

function given(value: string | undefined): string | undefined {
  return value?.trim() ? value.trim() : undefined;
}

function isOn(value: string | undefined): boolean {
  return ['1', 'true', 'yes', 'on'].includes(value?.trim().toLowerCase() ?? '');
}

/** The names that AWS's own tools read, then those of Cloudflare R2, then those of RunPod's SDK. */
function readS3Settings(env: Environment): S3Settings {
  const account = given(env.R2_ACCOUNT_ID);
  const sets = [
    [given(env.AWS_ACCESS_KEY_ID), given(env.AWS_SECRET_ACCESS_KEY)],
    [given(env.R2_ACCESS_KEY_ID), given(env.R2_SECRET_ACCESS_KEY)],
    [given(env.BUCKET_ACCESS_KEY_ID), given(env.BUCKET_SECRET_ACCESS_KEY)],
  ] as const;
  const [accessKeyId, secretAccessKey] = sets.find(([id]) => id !== undefined) ?? [];
  const endpoint =
    given(env.AWS_ENDPOINT_URL_S3) ??
    given(env.AWS_ENDPOINT_URL) ??
    (account === undefined ? undefined : `https://${account}.r2.cloudflarestorage.com`) ??
    given(env.BUCKET_ENDPOINT_URL);
  const region = given(env.AWS_REGION) ?? given(env.AWS_DEFAULT_REGION) ?? (account ? 'auto' : 'us-east-1');
  return { endpoint, region, accessKeyId, secretAccessKey, sessionToken: given(env.AWS_SESSION_TOKEN) };
}

/** The models folder that is pulled into: the one that was named, else the cache. */
export function pullFolder(into: string | undefined, env: Environment): string {
  const folder = into ?? modelsCacheOf(env);
  if (folder === undefined) {
    throw wrongUse('There is no home folder to keep models in: name one by --into or SPILLWAY_MODELS_CACHE.');
  }
  return path.resolve(folder);
}
