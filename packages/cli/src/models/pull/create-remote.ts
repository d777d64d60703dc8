import type { Clock } from '@spillway/sdk/clock';
import { createHubRemote } from './hub.ts';
import type { Remote } from './remote.ts';
import { createRemoteCalls, type RemoteCalls } from './remote-calls.ts';
import type { PullSettings } from './settings.ts';
import type { ModelSource } from './source.ts';
import { createWebRemote } from './web.ts';

export interface RemoteTools {
  readonly settings: PullSettings;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The origin of a source, and how it is called. Nothing is opened yet. */
export async function createRemote(
  source: ModelSource,
  { settings, clock, random }: RemoteTools,
): Promise<{ remote: Remote; calls: RemoteCalls }> {
  const callsOf = (origin: string) =>
    createRemoteCalls({ origin, allow: settings.allowPrivateUrls, clock, random });
  if (source.kind === 'hub') {
    const { hubUrl, hubToken: token } = settings;
    const calls = callsOf(hubUrl);
    return { remote: createHubRemote({ hubUrl, repository: source.repository, token }, calls), calls };
  }
  if (source.kind === 'web') {
    const calls = callsOf(source.url);
    return { remote: createWebRemote(source.url, calls), calls };
  }
  // AWS's SDK is large, and few pull from S3.
  const { createS3Remote } = await import('./s3.ts');
  const { bucket, prefix } = source;
  const remote = createS3Remote({ bucket, prefix, settings: settings.s3 }, callsOf);
  return { remote, calls: callsOf('https://s3.amazonaws.com') };
}
