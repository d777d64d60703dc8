import type { Job } from '../jobs/job.ts';
import { parseReference } from '../jobs/large-values/value-reference.ts';
import type { ValueName } from '../jobs/large-values/with-large-values.ts';
import type { Call } from './route.ts';
import { toSignedUrl } from './signed-url-view.ts';

const VALUE_URL_MS = 3_600_000;

/** `inputUrl` in place of a large `input`, `outputUrl` in place of a large `output`; a small one as it is. */
export async function valueEntry(
  call: Call,
  job: Job,
  name: ValueName,
): Promise<[name: string, json: string | undefined]> {
  const value = parseReference(job[name]);
  if (!value) return [name, job[name]];
  const signed = await call.parts.artifacts.store.presignGet(value.key, {
    ...{ mediaType: 'application/json', name: `${job.id}-${name}.json`, expiresInMs: VALUE_URL_MS },
  });
  return [`${name}Url`, JSON.stringify(toSignedUrl(call, signed))];
}
