export type { Deployment, DeploymentGpu, DeploymentVolume } from '../endpoints/deployment.ts';
export type { Endpoint } from '../endpoints/endpoint.ts';
export { formatDuration, parseDuration } from './duration.ts';
export type { BuiltInWorkers, GatewayConfig } from './gateway-config.ts';
export { configJsonSchema } from './json-schema.ts';
export { loadConfig } from './load-config.ts';
export { type ConfigContext, type ConfigResult, defaultConfig, parseConfig } from './parse-config.ts';
export { type ConfigProblem, formatProblems } from './problem.ts';
