let isSound: Promise<void> | undefined;

/**
 * `fetch` for bodies that are read as they come. That of Node 24 ends the whole process, and nothing can catch it, when a
 * server closes the connection while the reader lags behind. The first call loads undici 8, which does not, and has
 * every `fetch` of the process go by it; a proxy of the environment (`NODE_USE_ENV_PROXY`) stays in use.
 */
export const fetchSoundly: typeof fetch = async (input, init) => {
  isSound ??= goByUndici();
  await isSound;
  return fetch(input, init);
};

async function goByUndici(): Promise<void> {
  const { Agent, EnvHttpProxyAgent, setGlobalDispatcher } = await import('undici');
  setGlobalDispatcher(process.env.NODE_USE_ENV_PROXY === '1' ? new EnvHttpProxyAgent() : new Agent());
}
