import { createReplayGuard } from '../signing/replay-guard.ts';
import { signJob } from '../signing/sign.ts';
import { signUnusedSecond } from '../signing/unused-second.ts';
import type { ClipSettings } from './clip-settings.ts';

export type ClipInput = Readonly<Record<string, unknown>>;

/** Signs anew with each call: a signature counts once. */
export type SignInput = (endpoint: string, input: ClipInput) => ClipInput;

export function createInputSigner(
  { secret, signatureVersion }: Pick<ClipSettings, 'secret' | 'signatureVersion'>,
  now: () => number,
): SignInput {
  const given = createReplayGuard({ now });
  return (endpoint, input) => {
    if (secret === undefined) return input;
    const { image_url: url } = input;
    const auth =
      signatureVersion === 0 && typeof url === 'string'
        ? signUnusedSecond(url, { secret, now, given })
        : signJob(endpoint, input, { secret, ts: Math.floor(now() / 1000) });
    return { ...input, auth };
  };
}
