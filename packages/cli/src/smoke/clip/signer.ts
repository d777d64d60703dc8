import { signImageUrlV0, signJob, signV1 } from '@spillway/sdk/signing';

/** Signs inputs for a clip worker, or leaves them as they are where it takes them so. */
export interface Signer {
  /** Where the secret is from, or why none is needed. */
  readonly origin: string;
  /** False: nothing is signed, so refused signatures can't be checked. */
  readonly isSigning: boolean;
  /** Version 1, over the whole input. */
  job(input: Input, options?: SignTime): Input;
  /** Version 0, over the URL and the time: what existing callers send. */
  jobV0(input: Input & { readonly image_url: string }): Input;
  /** Version 1 of a call of the worker's own HTTP face. */
  http(path: string, body: Input): Input;
}

export type Input = Readonly<Record<string, unknown>>;

export interface SignTime {
  /** Seconds that the signature's time is off. */
  readonly offsetSeconds: number;
}

export interface SignerOptions {
  readonly secret: string;
  readonly origin: string;
  /** What the signature of a job names. */
  readonly name: string;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
}

export function createSigner({ secret, origin, name, now }: SignerOptions): Signer {
  const at = (offsetSeconds = 0) => ({ secret, ts: Math.floor(now() / 1000) + offsetSeconds });
  return {
    origin,
    isSigning: true,
    job: (input, { offsetSeconds } = { offsetSeconds: 0 }) => ({
      ...input,
      auth: signJob(name, input, at(offsetSeconds)),
    }),
    jobV0: (input) => ({ ...input, auth: signImageUrlV0(input.image_url, at()) }),
    http: (path, body) => ({ ...body, auth: signV1({ method: 'POST', path, body }, at()) }),
  };
}

export function createOpenSigner(origin: string): Signer {
  const asItIs = (input: Input) => input;
  return { origin, isSigning: false, job: asItIs, jobV0: asItIs, http: (_path, body) => body };
}
