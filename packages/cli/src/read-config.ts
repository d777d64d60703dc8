import type { ConfigResult } from '@spillway/gateway';

export const CONFIG_FILE = 'spillway.yaml';

/** Reads a configuration file, or the defaults where there is none. Gateway and workers are loaded only now. */
export async function readConfig(source: {
  /** Absent: the built-in defaults. */
  readonly file?: string;
  readonly folder: string;
}): Promise<ConfigResult> {
  const { builtInWorkers } = await import('@spillway/workers');
  const { defaultConfig, loadConfig } = await import('@spillway/gateway/config');
  if (source.file === undefined) return { ok: true, config: defaultConfig(source.folder, builtInWorkers) };
  return loadConfig(source.file, { env: process.env, builtInWorkers });
}
