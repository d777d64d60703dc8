let isSound: Promise<void> | undefined;

/**
 * `fetch` for bodies that are read as they come. That of Node 24 ends the whole process, and nothing can catch it, when a
 * server closes the connection while the reader lags behind. The first call loads undici 8, which does not, and has
 * every `fetch` of the process go by it; a proxy of the environment (`NODE_USE_ENV_PROXY`) stays in use, and so does a
 * dispatcher that the program set: a proxy, a mock.
 */
export const fetchSoundly: typeof fetch = async (input, init) => {
  isSound ??= goByUndici();
  await isSound;
  return fetch(input, init);
};

/** Where undici keeps the dispatcher for the handlers of its versions up to 7, Node's own among them. */
const IN_USE = Symbol.for('undici.globalDispatcher.1');
/** What stands there when nobody set another; undici 8, which is sound, puts a wrapper there. */
const DEFAULTS: readonly unknown[] = [undefined, 'Agent', 'EnvHttpProxyAgent'];

async function goByUndici(): Promise<void> {
  const { [IN_USE]: inUse } = globalThis as { readonly [key: symbol]: object | undefined };
  if (!DEFAULTS.includes(inUse?.constructor.name)) return;
  const { Agent, EnvHttpProxyAgent, setGlobalDispatcher } = await import('undici');
  setGlobalDispatcher(process.env.NODE_USE_ENV_PROXY === '1' ? new EnvHttpProxyAgent() : new Agent());
}
