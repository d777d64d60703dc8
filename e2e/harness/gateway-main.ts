// A gateway in its own process for tests that kill it: prints its address when it is ready.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGateway } from '@spillway/gateway';
import { pino } from 'pino';
import { ADMIN_KEY, readConfig } from './start-gateway.ts';

const folder = process.argv[2] ?? '.';
const yaml = readFileSync(join(folder, 'endpoints.yaml'), 'utf8');
const config = readConfig(yaml, folder, process.env.SPILLWAY_TEST_LISTEN);
const log = pino({ level: process.env.SPILLWAY_TEST_LOG ?? 'silent' }, pino.destination(2));
const gateway = createGateway({ config, adminKey: ADMIN_KEY, log });
await gateway.start();
console.log(gateway.url);
process.once('SIGTERM', () => void gateway.stop());
