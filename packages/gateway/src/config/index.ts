export { formatDuration, parseDuration } from './duration.ts';
export type { BuiltInWorkers, GatewayConfig } from './gateway-config.ts';
export { configJsonSchema } from './json-schema.ts';
export { loadConfig } from './load-config.ts';
export { type ConfigContext, type ConfigResult, defaultConfig, parseConfig } from './parse-config.ts';
export { type ConfigProblem, formatProblems } from './problem.ts';
