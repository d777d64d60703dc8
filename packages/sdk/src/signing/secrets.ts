/** The secrets of a worker or an endpoint, from its environment: the current one, then the one before while rotating. */
export function readSecrets(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return [env.EMBEDDING_HMAC_SECRET, env.EMBEDDING_HMAC_SECRET_PREVIOUS].filter(
    (secret): secret is string => secret !== undefined && secret.trim() !== '',
  );
}
