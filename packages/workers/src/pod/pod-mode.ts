/** What the environment says is wrong. */
export class PodSettingsError extends Error {
  override readonly name = 'PodSettingsError';
}

/**
 * `RUNPOD_SERVERLESS=false` (or 0) makes a worker serve HTTP itself; with anything else, or nothing, it takes jobs.
 * @throws PodSettingsError for a value that is neither.
 */
export function isPodMode({
  RUNPOD_SERVERLESS: value = '',
}: Readonly<Record<string, string | undefined>>): boolean {
  const text = value.trim().toLowerCase();
  if (['', 'true', '1'].includes(text)) return false;
  if (['false', '0'].includes(text)) return true;
  throw new PodSettingsError(`RUNPOD_SERVERLESS: expected true, 1, false or 0, got "${value}".`);
}
