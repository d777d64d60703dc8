/**
 * Where artifacts go, from the environment: `STORAGE_PROVIDER` is `disk` (default), `r2` or `s3`, with the variables
 * that R2's and AWS's own tools read. All that is missing is told at once.
 */
export interface S3Settings {
  readonly provider: 'r2' | 's3';
  readonly bucket: string;
  readonly region: string;
  /** Absent: Amazon's own. */
  readonly endpoint?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Undefined for the disk. Throws an Error whose message is a sentence for the user. */
export function readStorageSettings(env: Env): S3Settings | undefined {
  const provider = env.STORAGE_PROVIDER?.trim().toLowerCase() || 'disk';
  if (provider === 'disk') return undefined;
  if (provider === 'r2') return r2Settings(env);
  if (provider === 's3') return s3Settings(env);
  throw new Error(`STORAGE_PROVIDER: expected disk, r2 or s3, got "${env.STORAGE_PROVIDER}"`);
}

function r2Settings(env: Env): S3Settings {
  const account = env.R2_ACCOUNT_ID?.trim();
  const names = ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'R2_BUCKET_NAME'] as const;
  demand('r2', env, env.R2_ENDPOINT_URL ? names : ['R2_ACCOUNT_ID', ...names]);
  return {
    provider: 'r2',
    bucket: env.R2_BUCKET_NAME ?? '',
    region: 'auto',
    endpoint: checkUrl(
      'R2_ENDPOINT_URL',
      env.R2_ENDPOINT_URL || `https://${account}.r2.cloudflarestorage.com`,
    ),
    accessKeyId: env.R2_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.R2_SECRET_ACCESS_KEY ?? '',
  };
}

function s3Settings(env: Env): S3Settings {
  demand('s3', env, ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_BUCKET_NAME']);
  const name = env.AWS_ENDPOINT_URL_S3 ? 'AWS_ENDPOINT_URL_S3' : 'AWS_ENDPOINT_URL';
  const endpoint = env[name];
  return {
    provider: 's3',
    bucket: env.AWS_BUCKET_NAME ?? '',
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1',
    ...(endpoint ? { endpoint: checkUrl(name, endpoint) } : {}),
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
    ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
  };
}

function demand(provider: string, env: Env, names: readonly string[]): void {
  const missing = names.filter((name) => !env[name]?.trim());
  if (missing.length === 0) return;
  throw new Error(
    `STORAGE_PROVIDER=${provider} needs ${missing.join(', ')}; set ${missing.length === 1 ? 'it' : 'them'}, or leave STORAGE_PROVIDER out to keep artifacts on this machine's disk`,
  );
}

function checkUrl(name: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new Error(`${name}: expected an address such as https://s3.example.com, got "${text}"`);
}
