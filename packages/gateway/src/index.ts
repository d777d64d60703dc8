export * from './config/index.ts';
export { DataDirectoryBusyError } from './db/data-lock.ts';
export type { Endpoint } from './endpoints/endpoint.ts';
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
