import { z } from 'zod';
import { type Environment, parseEnvironment } from '../environment.ts';
import { PodSettingsError } from './pod-mode.ts';

/** The environment of a worker's own HTTP face. */
export interface PodSettings {
  readonly host: string;
  readonly port: number;
  /** Without it everybody who reaches the port may call. */
  readonly apiKey: string | undefined;
}

const port = z.coerce
  .number({ error: 'expected a port from 0 to 65535' })
  .int('expected a port from 0 to 65535')
  .min(0, 'expected a port from 0 to 65535')
  .max(65_535, 'expected a port from 0 to 65535');

const schema = z.object({
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.optional(),
  /** Load balancers name it so. */
  PORT: port.optional(),
  API_KEY: z.string().optional(),
});

const DEFAULT_PORT = 8000;

/** @throws PodSettingsError */
export function parsePodSettings(env: Environment): PodSettings {
  const values = parseEnvironment(
    schema,
    env,
    'The environment',
    (sentence) => new PodSettingsError(sentence),
  );
  const { API_HOST: host, API_PORT, PORT, API_KEY: apiKey } = values;
  return { host, port: API_PORT ?? PORT ?? DEFAULT_PORT, apiKey };
}

export const isLoopback = (host: string): boolean => /^(127\.|localhost$|::1$)/.test(host);
