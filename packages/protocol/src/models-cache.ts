/**
 * Folder into which `spillway models pull` puts models, and in which workers look for them: `SPILLWAY_MODELS_CACHE`, else
 * below the user's cache. Workers that a gateway starts have a home of their own, so it tells them which folder this is.
 */
export function modelsCacheOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { SPILLWAY_MODELS_CACHE: own, XDG_CACHE_HOME: cache, HOME: home } = env;
  if (own?.trim()) return own.trim();
  if (cache?.trim()) return `${cache.trim()}/spillway/models`;
  return home?.trim() ? `${home.trim()}/.cache/spillway/models` : undefined;
}
